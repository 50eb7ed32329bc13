import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type * as z from 'zod';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import type { targetSchema } from '../config/schema.ts';
import type { notify } from '../notify/settings.ts';

type TargetInput = z.input<typeof targetSchema>;

/** The fields of a target in headroom.yaml that mean the same here: docs/policy.md and headroom.schema.json have all. */
type SharedProps = Pick<
  TargetInput,
  'id' | 'maxConnections' | 'mode' | 'policy' | 'pools' | 'rehearsal' | 'reservedConcurrency' | 'reservedSlots' | 'tls'
>;

/** Of an installation. `mode` and `policy` are those of every database that says nothing else. */
export interface HeadroomProps extends Readonly<Pick<SharedProps, 'mode' | 'policy'>> {
  /**
   * Begins the name of everything that is installed: 1 to 20 lower-case letters, digits and dashes. An account and region
   * may have several installations, each with a prefix of its own. Default: headroom.
   */
  readonly prefix?: string;
  /** Who is notified ([docs/notify.md](docs/notify.md)). Each address of `email` confirms by a mail it gets. */
  readonly notify?: Omit<z.input<typeof notify>, 'command'>;
  /** Where changes of incidents go ([events](docs/events.md)). Default: the event bus of the account. */
  readonly eventBus?: IEventBus | 'none';
  /** Keeps table, topic, queues and logs under a key of yours, whose policy lets those services use it. */
  readonly encryptionKey?: IKey;
  /**
   * Makes the page where people answer: an HTTP API in front of a function. Default: whether `mode` and `policy` here ask
   * people; a database that asks by its own needs `true`.
   */
  readonly approvals?: boolean;
  /** Makes one CloudWatch dashboard for all targets, which AWS charges for. Default: false. */
  readonly dashboard?: boolean;
  readonly reports?: {
    /**
     * For how many days the links to incident reports in messages work; 0: there are none. Default: 7 where that page is
     * there; a number makes the page.
     */
    readonly linkDays?: number;
  };
}

/** How the worker logs in. */
export type ProtectAuth =
  | {
      /** IAM database authentication, which is switched on for a database of the app. The default. */
      readonly mode: 'iam';
      /** Default: headroom_responder. */
      readonly user?: string;
      /** Default: headroom_canary. */
      readonly canaryUser?: string;
    }
  | {
      /** Passwords from Secrets Manager. */
      readonly mode: 'secret';
      /** Of the responder, with "username" and "password". Default: that of the database, its administrator's. */
      readonly secret?: ISecret;
      /** Of the canary. Without it relief is judged by usage alone. */
      readonly canarySecret?: ISecret;
      /** By an interface endpoint that is made for the workers of the VPC, or by the NAT that the subnets have. */
      readonly secretsAccess: 'endpoint' | 'nat';
    };

/** What `Headroom.protect` takes beside the database. */
export interface ProtectProps extends Readonly<SharedProps> {
  readonly auth?: ProtectAuth;
  /** Database to log in to. Default "postgres" for PostgreSQL, none for the others. */
  readonly databaseName?: string;
  /** Where the database does not know it: an imported one. */
  readonly engine?: EngineName;
  /** DbiResourceId (Aurora: DbClusterResourceId), where the database does not know it: an imported one. */
  readonly resourceId?: string;
  /** Where the database does not know it: an imported one. */
  readonly vpc?: IVpc;
  /** Where the worker is placed. Default: the private subnets of the VPC. */
  readonly vpcSubnets?: SubnetSelection;
  /** Of the worker. Default: one that all workers of the VPC share. */
  readonly securityGroups?: ISecurityGroup[];
}

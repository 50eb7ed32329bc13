import * as z from 'zod';
import { mode, policy } from '../../functions/core/policy/policy.ts';
import { targetId } from '../../functions/core/policy/target.ts';
import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { CommandPlace } from '../../functions/core/words/commands.ts';
import { notify } from '../notify/settings.ts';

const region = z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/, 'expected an AWS region such as "eu-west-1"');
const vpcId = z.string().regex(/^vpc-[0-9a-f]{8,17}$/, 'expected a VPC id such as "vpc-0123456789abcdef0"');
const subnetId = z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'expected a subnet id such as "subnet-0123456789abcdef0"');
const securityGroupId = z
  .string()
  .regex(/^sg-[0-9a-f]{8,17}$/, 'expected a security group id such as "sg-0123456789abcdef0"');
const secretArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/,
    'expected the complete ARN of a Secrets Manager secret, with its six random characters at the end',
  );
const variable = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'expected the name of an environment variable that holds the URL, not the URL itself',
  );

const installation = z.strictObject({
  prefix: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/,
      'use 1 to 20 lower-case letters, digits and dashes, first a letter, last no dash',
    )
    .default('headroom')
    .describe('Begins the name of everything that is installed, and scopes the permissions.'),
  account: z
    .string('expected the 12 digits of an AWS account, in quotes')
    .regex(/^\d{12}$/, 'expected the 12 digits of an AWS account, in quotes')
    .optional()
    .describe('AWS account to install into. Not needed for local runs.'),
  region: region.optional().describe('AWS region to install into: that of the targets. Not needed for local runs.'),
  profile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'AWS profile that commands use for this installation. Default: the credentials that AWS_PROFILE and the like name. cdk takes --profile.',
    ),
  dashboard: z
    .boolean()
    .default(false)
    .describe(
      'Makes one CloudWatch dashboard for all targets, at $3 a month (docs/dashboards.md). Local runs make none.',
    ),
});

const iamAuth = z.strictObject({
  mode: z
    .literal('iam')
    .default('iam')
    .describe(
      'IAM database authentication, which must be on for the instance: no password, and no AWS call from the VPC.',
    ),
  user: z.string().min(1).default('headroom_responder').describe('Login that may see and end sessions.'),
  canaryUser: z
    .string()
    .min(1)
    .default('headroom_canary')
    .describe('Login that may only connect: stands for every ordinary client.'),
});

const secretAuth = z.strictObject({
  mode: z.literal('secret').describe('Passwords from Secrets Manager.'),
  secretArn: secretArn.describe('Secret of the responder, with "username" and "password".'),
  canarySecretArn: secretArn.optional().describe('Secret of the canary. Without it relief is judged by usage alone.'),
  secretsAccess: z
    .enum(['endpoint', 'nat'])
    .describe(
      'How the worker reaches Secrets Manager: an interface endpoint made for it, or the NAT the subnets have.',
    ),
});

const urlAuth = z.strictObject({
  mode: z
    .literal('url')
    .describe('URLs from environment variables: for local runs, refused when AWS stacks are built.'),
  variable: variable.describe("Environment variable with the responder's URL."),
  canaryVariable: variable.optional().describe("Environment variable with the canary's URL."),
});

const network = z.strictObject({
  vpcId: vpcId.describe('VPC of the database.'),
  subnetIds: z
    .array(subnetId)
    .min(1)
    .describe('Subnets the worker is placed in; two or more survive the loss of a zone.'),
  securityGroupIds: z
    .array(securityGroupId)
    .min(1)
    .optional()
    .describe('Security groups of the worker. Without them it gets one of its own.'),
  databaseSecurityGroupId: securityGroupId
    .optional()
    .describe("Security group of the database: the worker's own group may then send to it and to nothing else."),
  manageIngress: z
    .boolean()
    .default(false)
    .describe("Adds a rule to the database's security group that lets the worker in. Off: add it yourself."),
});

const tls = z.strictObject({
  mode: z
    .enum(['verify-full', 'require', 'disable'])
    .default('verify-full')
    .describe('verify-full checks certificate and host name; require encrypts without checking; disable does neither.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      "PEM file with the certificates to trust, relative to this file. Default on AWS: the region's RDS certificates.",
    ),
});

const endpoint = z.strictObject({
  host: z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
      'expected a host name alone: no scheme, port, path or credentials',
    )
    .describe('Host name of the instance itself; for a cluster, its own endpoint. Not of a reader or a proxy.'),
  port: z.int().min(1).max(65535).optional().describe('Default 5432 for postgres, 3306 for mysql and mariadb.'),
  database: z
    .string()
    .min(1)
    .optional()
    .describe('Database to log in to. Default "postgres" for postgres, none for the others.'),
});

const pool = z.strictObject({
  name: z.string().min(1).describe('The user or application whose sessions the pool holds.'),
  instances: z.int().min(1).describe('How many processes have such a pool.'),
  size: z.int().min(1).describe('Most connections of one of them.'),
  cores: z.number().positive().optional().describe('Processor cores of one of them: advice on the size uses it.'),
});

export const targetSchema = z.strictObject({
  id: targetId,
  engine: z.enum(ENGINE_NAMES).describe('Kind of database server; Aurora counts as its engine.'),
  instance: z
    .string()
    .regex(
      /^[A-Za-z](?:-?[A-Za-z0-9])*$/,
      'expected a DBInstanceIdentifier: letters, digits and single dashes, first a letter',
    )
    .max(63)
    .optional()
    .describe('DBInstanceIdentifier of the instance. Where it is not on RDS: any name; default is the id.'),
  cluster: z
    .string()
    // As RDS keeps it.
    .toLowerCase()
    .regex(
      /^[A-Za-z](?:-?[A-Za-z0-9])*$/,
      'expected a DBClusterIdentifier: letters, digits and single dashes, first a letter',
    )
    .max(63)
    .optional()
    .describe(
      'DBClusterIdentifier of an Aurora or Multi-AZ DB cluster, in place of instance: its members are found and followed, each a target of its own.',
    ),
  resourceId: z
    .string()
    .regex(
      /^(db|cluster)-[A-Z0-9]{10,}$/,
      'expected the resource id "db-…" of the instance, or "cluster-…" of its Aurora cluster',
    )
    .optional()
    .describe('DbiResourceId of the instance (Aurora: DbClusterResourceId): what IAM authentication names.'),
  endpoint: endpoint.optional().describe('Where the instance listens. Not used with auth mode url.'),
  auth: z
    .prefault(z.discriminatedUnion('mode', [iamAuth, secretAuth, urlAuth]), {})
    .describe('How the worker logs in.'),
  network: network.optional().describe('Where the worker is placed. Not used with auth mode url.'),
  tls: tls.prefault({}).describe('Encryption of the connection to the database.'),
  maxConnections: z
    .int()
    .min(1)
    .max(262_143)
    .optional()
    .describe(
      'max_connections of the server, from which the alarm thresholds are computed. In an incident the live value counts.',
    ),
  reservedSlots: z
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe('Slots that ordinary clients never get. Default 9 for postgres on RDS, 0 for mysql and mariadb.'),
  mode: z
    ._default(mode, 'observe')
    .describe(
      'observe plans and records, and ends nothing. approve asks a person about each plan and ends what they approve. act ends what is planned.',
    ),
  rehearsal: z
    .boolean()
    .default(false)
    .describe('Not production: lifts the lower limits on ages, so that a rehearsal can be quick.'),
  reservedConcurrency: z
    .boolean()
    .default(true)
    .describe("Reserves one concurrent execution for the worker. Turn off where the account's quota is too small."),
  pools: z
    .array(pool)
    .default([])
    .describe('The connection pools you know of. They only make a cause surer, and advice more precise.'),
  policy: z.prefault(policy, {}).describe('What Headroom may do to the target, and when.'),
});

const events = z.strictObject({
  bus: z
    .string()
    .regex(
      /^(default|none|arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256})$/,
      'expected "default", "none", or the ARN of an event bus: "arn:aws:events:REGION:ACCOUNT:event-bus/NAME"',
    )
    .default('default')
    .describe(
      'Event bus that every change of an incident goes to: "default" is that of the account and region, "none" sends no events, an ARN names any bus, of another account too (docs/events.md). Local runs send none.',
    ),
});

const encryption = z.strictObject({
  keyArn: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-z0-9-]{36,40}$/,
      'expected the ARN of a key, not of an alias: "arn:aws:kms:REGION:ACCOUNT:key/ID"',
    )
    .optional()
    .describe(
      'Key of yours for the incident table, the notices topic, the queues and all logs, in the region of the installation. Its policy must let their services use it (docs/security.md). Without it: keys of AWS, and one of its own for the topic.',
    ),
});

const reports = z.strictObject({
  linkDays: z
    .int()
    .min(0)
    .max(30)
    .optional()
    .describe(
      'For how many days the links to incident reports in messages work, on AWS; 0: there are none, and those that were sent are refused. Default: 7 where the page of questions is there anyway, as some tier asks; a number brings the page along (docs/report.md).',
    ),
});

/** `headroom.yaml`, after `defaults` have been merged under every target. */
export const configSchema = z.strictObject({
  installation: installation.prefault({}).describe('What is installed, and where.'),
  notify: notify.prefault({}).describe('Who is notified.'),
  events: events.prefault({}).describe('Where other programs learn of incidents, on AWS.'),
  encryption: encryption.prefault({}).describe('Under which key data is kept, on AWS.'),
  reports: reports.prefault({}).describe('Links to incident reports, on AWS.'),
  targets: z
    .array(targetSchema)
    .min(1, 'name at least one target')
    .describe('The database servers that this installation looks after.'),
});

/** One installation: the whole of a file, or what an entry of its `installations` comes to. */
export type HeadroomConfig = z.infer<typeof configSchema> & {
  /** What a file with several calls it; null or absent in one that has one. */
  readonly name?: string | null;
  /** What commands need to find this configuration and its records; absent where their defaults do. */
  readonly commands?: CommandPlace | undefined;
};
export type Target = z.infer<typeof targetSchema>;

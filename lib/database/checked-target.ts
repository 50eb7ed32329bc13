import type { Notify } from '../notify/settings.ts';
import { Fn, Token } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { regionOfEndpoint } from '../config/checks.ts';
import type { HeadroomConfig, Target } from '../config/schema.ts';
import { askingTiersOf } from '../config/settings.ts';
import type { DatabaseFacts } from './facts.ts';
import { checkProps, problem, type PropertyProblem } from './property-problems.ts';
import type { HeadroomProps, ProtectAuth, ProtectProps } from './props.ts';

/** What is known of the installation when templates are made. */
interface Installation {
  readonly props: HeadroomProps;
  /** Whether people have a page to answer on. */
  readonly hasPage: boolean;
  /** May be a token. */
  readonly region: string;
  /** Ids of its databases so far. */
  readonly targets: readonly string[];
}

/** A target, and where its worker is placed. */
export interface CheckedTarget {
  /** As a headroom.yaml with this one target gives it, with tokens in the place of what a deployment makes known. */
  readonly config: HeadroomConfig;
  readonly target: Target;
  /** What a person would have written into that file, without its network. */
  readonly written: object;
  readonly secrets: readonly ISecret[];
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection | undefined;
  readonly securityGroups: readonly ISecurityGroup[] | undefined;
}

/** Well-formed and of nothing: what the schema sees where the value is a token. */
const STAND_IN = {
  account: '000000000000',
  region: 'us-east-1',
  name: 'database',
  resourceId: { instance: 'db-0000000000', cluster: 'cluster-0000000000' },
  host: { instance: 'database.invalid', cluster: 'database.cluster-0.invalid' },
  port: 1,
  secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:database-000000',
  network: { vpcId: 'vpc-00000000', subnetIds: ['subnet-00000000', 'subnet-00000001'] },
} as const;

/**
 * Checks a database and what was said of it, by the schema and the rules of headroom.yaml. Throws ConfigInvalid with
 * every problem, which names the property.
 */
export function checkTarget(facts: DatabaseFacts, props: ProtectProps, installation: Installation): CheckedTarget {
  const { auth = { mode: 'iam' }, databaseName, securityGroups, vpc = facts.vpc, vpcSubnets, ...own } = props;
  const { engine = facts.engine, resourceId = facts.resourceId, ...shared } = own;
  const { region } = installation;
  const secrets = secretsOf(auth, facts);
  const { kind } = facts;
  const written = { ...shared, engine, [kind]: facts.name, resourceId };
  const host = facts.host ?? STAND_IN.host[kind];
  const endpoint = { host, port: facts.port, database: databaseName };
  // A cluster's endpoint begins with its name: where one is a token, both have a stand-in.
  const isKnown = kind === 'instance' || ![facts.name, host].some((each) => Token.isUnresolved(each));
  const config = checkProps(`headroom.protect() of ${JSON.stringify(props.id)}`, {
    file: {
      // Without a region to compare with, that of the endpoint is right.
      ...fileOf(installation.props, plain(region, regionOfEndpoint(host) ?? STAND_IN.region)),
      targets: [
        {
          ...written,
          [kind]: isKnown ? plain(facts.name, STAND_IN.name) : STAND_IN.name,
          resourceId: plain(resourceId, STAND_IN.resourceId[kind]),
          endpoint: {
            ...endpoint,
            host: isKnown ? plain(host, STAND_IN.host[kind]) : STAND_IN.host[kind],
            port: STAND_IN.port,
          },
          auth: authForSchema(auth),
          network: STAND_IN.network,
        },
      ],
    },
    found: [
      ...vpcProblems(vpc),
      ...databaseProblems(facts, installation),
      ...authProblems(auth, facts, secrets),
      ...idProblems(props.id, installation),
    ],
    judge: (checked) => approvalProblems(checked, installation),
  });
  const [checked] = config.targets;
  if (checked === undefined || vpc === undefined) throw new Error('a target that was checked is gone');
  const known = { [kind]: facts.name, resourceId, endpoint, auth: withArns(checked.auth, secrets) };
  const target: Target = { ...checked, ...known, endpoint: { ...endpoint, host: readableHost(facts, host) } };
  return {
    config: { ...config, installation: { ...config.installation, region }, targets: [target] },
    target,
    written: { ...written, ...known },
    secrets,
    vpc,
    vpcSubnets,
    securityGroups,
  };
}

/**
 * Whether people are asked by a database that says nothing else. Throws ConfigInvalid with what is wrong with the
 * installation.
 */
export function checkInstallation(props: HeadroomProps): { readonly asks: boolean; readonly notify: Notify } {
  const any = { id: 'any', engine: 'postgres', auth: { mode: 'url', variable: 'ANY' } };
  const file = { ...fileOf(props, STAND_IN.region), targets: [any] };
  const found = Object.keys(props)
    .filter((key) => !PROPERTIES.includes(key))
    .map((key) => problem(key, `unknown key; known here: ${PROPERTIES.join(', ')}`));
  const { targets, notify } = checkProps('new Headroom()', { file, found, judge: () => [] });
  return { asks: targets.some((target) => askingTiersOf(target).length > 0), notify };
}

const PROPERTIES: readonly string[] = [
  'prefix',
  'notify',
  'mode',
  'policy',
  'approvals',
  'reports',
  'eventBus',
  'encryptionKey',
  'dashboard',
] satisfies (keyof HeadroomProps)[];

/** What a headroom.yaml would say of the installation. */
export function fileOf(props: HeadroomProps, region: string, account: string = STAND_IN.account): object {
  const { prefix, dashboard, notify, reports, mode, policy } = props;
  return { installation: { prefix, account, region, dashboard }, notify, reports, defaults: { mode, policy } };
}

function vpcProblems(vpc: IVpc | undefined): PropertyProblem[] {
  if (vpc !== undefined) return [];
  return [problem('vpc', 'is missing; an imported database does not know its VPC, in which the worker is placed')];
}

function databaseProblems({ connections, region, host }: DatabaseFacts, installation: Installation): PropertyProblem[] {
  const problems: PropertyProblem[] = [];
  if (host === undefined) {
    const message = 'is missing; name it where the cluster is imported: clusterEndpointAddress and port';
    problems.push(problem('database.clusterEndpoint', message));
  }
  if (connections.securityGroups.length === 0) {
    const message = 'has no security group, so nothing would let the worker in; name it where the database is imported';
    problems.push(problem('database.connections', message));
  }
  if (![region, installation.region].some((each) => Token.isUnresolved(each)) && region !== installation.region) {
    const message = `is in ${region}, and the stack of Headroom in ${installation.region}; alarms and worker must be where it is`;
    problems.push(problem('database', message));
  }
  return problems;
}

function authProblems(auth: ProtectAuth, facts: DatabaseFacts, secrets: readonly ISecret[]): PropertyProblem[] {
  if (auth.mode === 'iam') {
    if (facts.iamAuthentication !== false) return [];
    return [problem('auth.mode', 'is "iam", and the database says iamAuthentication: false; change one of the two')];
  }
  // Plain JavaScript may say anything.
  const mode: string = auth.mode;
  if (mode !== 'secret') return [problem('auth.mode', `is ${JSON.stringify(mode)}; expected "iam" or "secret"`)];
  if (auth.secret === undefined && facts.secret === undefined) {
    return [problem('auth.secret', 'is missing; this database knows no secret of its own')];
  }
  if (secrets.every(({ secretFullArn }) => secretFullArn !== undefined)) return [];
  const message = 'has no complete ARN, which its permission names; import it with Secret.fromSecretCompleteArn()';
  return [problem('auth.secret', message)];
}

function idProblems(id: string, { targets }: Installation): PropertyProblem[] {
  if (!targets.includes(id)) return [];
  return [problem('id', 'is also that of another database of this installation; every one needs its own')];
}

function approvalProblems({ targets }: HeadroomConfig, { hasPage }: Installation): PropertyProblem[] {
  const asking = targets.flatMap(askingTiersOf);
  if (hasPage || asking.length === 0) return [];
  const message =
    `with it people are asked before ${asking.join(', ')}, and they need a page to answer on: ` +
    'set approvals: true of new Headroom(), or the modes of these tiers in policy.tiers';
  return [problem('mode', message)];
}

/** The responder's, then the canary's. */
function secretsOf(auth: ProtectAuth, facts: DatabaseFacts): ISecret[] {
  if (auth.mode !== 'secret') return [];
  return [auth.secret ?? facts.secret, auth.canarySecret].filter((secret) => secret !== undefined);
}

/** A secret is an object here, and a name that the schema knows there. */
function authForSchema(auth: ProtectAuth): object {
  if (auth.mode !== 'secret') return auth.mode === 'iam' ? auth : { mode: 'iam' };
  return {
    ...without(auth, ['secret', 'canarySecret']),
    secretArn: STAND_IN.secretArn,
    ...(auth.canarySecret === undefined ? {} : { canarySecretArn: STAND_IN.secretArn }),
  };
}

function without(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

function withArns(auth: Target['auth'], [secret, canary]: readonly ISecret[]): Target['auth'] {
  if (auth.mode !== 'secret' || secret === undefined) return auth;
  return { ...auth, secretArn: secret.secretArn, canarySecretArn: canary?.secretArn };
}

/**
 * The ending of a cluster's endpoint is what its members are found by (`membersOf`). Of a token, a deployment cuts it
 * off.
 */
function readableHost({ kind }: Pick<DatabaseFacts, 'kind'>, host: string): string {
  if (kind === 'instance' || !Token.isUnresolved(host)) return host;
  return `${STAND_IN.name}${CLUSTER_MARK}${Fn.select(1, Fn.split(CLUSTER_MARK, host))}`;
}

const CLUSTER_MARK = '.cluster-';

/** The value itself where it is known now, so that it is checked. */
function plain<T extends string | undefined>(value: T, standIn: string): T | string {
  return value !== undefined && Token.isUnresolved(value) ? standIn : value;
}

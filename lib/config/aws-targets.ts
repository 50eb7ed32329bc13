import { memberOf } from '../../functions/core/members/member.ts';
import { ConfigInvalid, type ConfigProblem } from './problems.ts';
import type { HeadroomConfig, Target } from './schema.ts';

/** Where Headroom looks after a target: an installation on AWS, or the machine that commands are typed on. */
export type Place = 'aws' | 'local';

/** A URL in an environment variable can be used on this machine alone, every other login by a deployed worker alone. */
export function placeOf({ auth }: Pick<Target, 'auth'>): Place {
  return auth.mode === 'url' ? 'local' : 'aws';
}

/**
 * Where the records of a target are; of all targets when the configuration has none of that id. A configuration with a
 * target of this machine cannot be deployed, so it is no installation's.
 */
export function placeOfRecords({ targets }: HeadroomConfig, targetId: string | null): Place {
  const ownId = targetId === null ? null : (memberOf(targetId)?.clusterId ?? targetId);
  const named = targets.find(({ id }) => id === ownId);
  if (named !== undefined) return placeOf(named);
  return targets.every((target) => placeOf(target) === 'aws') ? 'aws' : 'local';
}

/** What the worker's role may use to log in. */
type AwsLogin =
  | { readonly mode: 'iam'; readonly resourceId: string; readonly users: readonly string[] }
  | { readonly mode: 'secret'; readonly secretArns: readonly string[]; readonly access: 'endpoint' | 'nat' };

/** A target with everything that its stack needs. */
export interface AwsTarget {
  readonly target: Target;
  /** The instance or cluster at RDS. */
  readonly name: string;
  readonly network: NonNullable<Target['network']>;
  /** Of an instance; null for a cluster, whose members each have their own. */
  readonly maxConnections: number | null;
  readonly login: AwsLogin;
}

export interface AwsPlace {
  readonly account: string;
  readonly region: string;
}

/**
 * Where to install, and the targets with all that AWS needs. Throws ConfigInvalid naming every one that is not for AWS.
 */
export function awsTargetsOf(config: HeadroomConfig): { readonly place: AwsPlace; readonly targets: AwsTarget[] } {
  const { account, region } = config.installation;
  const targets = config.targets.flatMap((target) => toAwsTarget(target) ?? []);
  if (account !== undefined && region !== undefined && targets.length === config.targets.length) {
    return { place: { account, region }, targets };
  }
  throw new ConfigInvalid('the configuration', [
    ...missing('account', account),
    ...missing('region', region),
    ...config.targets.flatMap((target, index) => (toAwsTarget(target) === null ? [notForAws(target, index)] : [])),
  ]);
}

function toAwsTarget(target: Target): AwsTarget | null {
  const { instance, cluster, endpoint, network, maxConnections } = target;
  const login = loginOf(target);
  const name = cluster ?? instance;
  if (name === undefined || endpoint === undefined || network === undefined || login === null) return null;
  if (cluster !== undefined) return { target, name, network, maxConnections: null, login };
  return maxConnections === undefined ? null : { target, name, network, maxConnections, login };
}

function loginOf({ auth, resourceId }: Target): AwsLogin | null {
  switch (auth.mode) {
    case 'iam':
      return resourceId === undefined ? null : { mode: 'iam', resourceId, users: [auth.user, auth.canaryUser] };
    case 'secret': {
      const canary = auth.canarySecretArn === undefined ? [] : [auth.canarySecretArn];
      return { mode: 'secret', secretArns: [auth.secretArn, ...canary], access: auth.secretsAccess };
    }
    case 'url':
      return null;
  }
}

function notForAws(target: Target, index: number): ConfigProblem {
  return {
    path: `targets[${index}].auth.mode`,
    line: null,
    value: JSON.stringify(target.auth.mode),
    message: `target "${target.id}" is for runs on this machine only; use auth mode "iam" or "secret", or leave it out of the file that is deployed`,
  };
}

function missing(key: string, value: string | undefined): ConfigProblem[] {
  if (value !== undefined) return [];
  const message = `is missing; say which AWS ${key} to install into`;
  return [{ path: `installation.${key}`, line: null, value: null, message }];
}

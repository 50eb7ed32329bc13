import { printable } from '../words/printable.ts';
import type { EngineName, Refusal, RefusalKind } from './snapshot.ts';

/** A login that failed: on which server, and how long the worker tried. */
interface Attempt {
  readonly endpoint: string;
  readonly engine: EngineName;
  readonly waitedMs: number;
  /** An instance of RDS or Aurora. */
  readonly isRds?: boolean;
}

/** What a refusal means, and what to do about it. */
interface RefusalRow {
  /** Why the worker did not get in; the server's own words follow. */
  readonly why: (attempt: Attempt) => string;
  /** For the person who is paged. */
  readonly advice: (attempt: Attempt) => readonly string[];
  /** For the person who checks the installation. `source`: where the login is configured. */
  readonly fix: (refusal: Refusal, source: string, engine: EngineName) => string;
}

/** Why the worker did not get in, and what to do about it. */
export function explainRefusal(
  refusal: Refusal,
  attempt: Attempt,
): { readonly why: string; readonly advice: readonly string[] } {
  const { why, advice } = REFUSALS[refusal.kind];
  const words = printable(refusal.message, 200);
  const quoted = refusal.kind === 'other' ? `${refusal.code} ${words}` : words;
  return { why: `${why(attempt)} (${quoted})`, advice: advice(attempt) };
}

/** What repairs a refused login. `source`: where the login is configured. */
export function fixFor(refusal: Refusal, source: string, engine: EngineName): string {
  return REFUSALS[refusal.kind].fix(refusal, source, engine);
}

/**
 * Why an ordinary client's login proves nothing now, and what to do. Not for a canary that is refused as full: that is
 * what it is for.
 */
export function explainCanary(
  refusal: Refusal,
  engine: EngineName,
): { readonly why: string; readonly advice: readonly string[] } {
  const words = refusalWords(refusal);
  const why = CANARY_WHY[refusal.kind] ?? 'the canary cannot log in, and not for lack of slots';
  return {
    why: `${why} (${words})`,
    advice: [fixFor(refusal, 'the canary’s login', engine), '`headroom doctor` checks the canary'],
  };
}

/** Where it is not the login that fails. */
const CANARY_WHY: Readonly<Partial<Record<RefusalKind, string>>> = {
  'consumer-full': 'a connection limit of the canary’s own is reached, which says nothing about the server',
  'out-of-resources': 'ordinary clients are refused, and not for lack of slots',
  'unfit-login': 'the canary’s login proves nothing',
  'wrong-server': 'the canary does not reach the responder’s server',
  'host-blocked': 'the server blocks the worker’s address, and every other client on it',
};

export function refusalWords({ kind, message }: Refusal): string {
  return `${kind}: ${printable(message, 200)}`;
}

/** What lets the responder in while ordinary clients are refused. */
function reservedWayIn(engine: EngineName, isRds: boolean): string {
  if (engine === 'postgres') {
    return (
      'give the responder a reserved slot: GRANT pg_use_reserved_connections (PostgreSQL 16 and newer, with ' +
      'reserved_connections of 2 or more); on RDS PostgreSQL 15 and older, GRANT rds_superuser'
    );
  }
  const grant = `GRANT ${engine === 'mysql' ? 'CONNECTION_ADMIN' : 'CONNECTION ADMIN'} ON *.*`;
  if (!isRds) return `give the responder the extra slot: ${grant} (and grant it to no application)`;
  const rest = 'keep the sampler on: the session that it keeps open is in before the server is full';
  return engine === 'mysql'
    ? `${rest}; on Aurora MySQL 3 the master user can also grant the extra slot: ${grant}`
    : rest;
}

/** How the server lets a host in again. MySQL 9 has no FLUSH HOSTS, and MariaDB's table may be switched off. */
const UNBLOCK: Readonly<Record<EngineName, string>> = {
  postgres: 'let the worker’s address in again',
  mysql: 'run as an administrator: TRUNCATE TABLE performance_schema.host_cache',
  mariadb: 'run as an administrator: FLUSH HOSTS',
};

const MORE_ROOM =
  'raise what the server’s account may have of threads and processes (ulimit -u, or the pids limit of its container), ' +
  'or give the machine more memory; on RDS, take a larger instance class';

/** The error is the same whether the instance, the login or the policy lacks it. */
function iamSteps(engine: EngineName): string {
  const login =
    engine === 'postgres' ? 'the role has rds_iam' : "the account is IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'";
  return (
    'check that IAM authentication is on (aws rds modify-db-instance --enable-iam-database-authentication ' +
    `--apply-immediately; Aurora: modify-db-cluster), that ${login} as \`headroom grants\` prints it, ` +
    'and that resourceId is that of this instance or cluster'
  );
}

const NETWORK_FIX: Readonly<Record<string, (source: string) => string>> = {
  ECONNREFUSED: (source) => `nothing listens there: start the server, or correct host and port in ${source}`,
  ENOTFOUND: (source) => `no such host name: correct the host in ${source}, or the DNS of the worker's network`,
  EAI_AGAIN: () => 'the name could not be looked up: check the DNS of the worker’s network',
  ETIMEDOUT: (source) =>
    `no answer: let the database's security group or firewall admit the worker, and check host and port in ${source}`,
};

const LIMIT_FIX: Readonly<Record<EngineName, string>> = {
  postgres:
    'raise the limit of this role, if nothing else uses it (ALTER ROLE … CONNECTION LIMIT -1), ' +
    'or use a database without a limit',
  mysql: 'raise the limit of this user, or max_user_connections where it has none of its own',
  mariadb: 'raise the limit of this user, or max_user_connections where it has none of its own',
};

const TLS_ON: Readonly<Record<EngineName, string>> = {
  postgres: 'ssl = on with ssl_cert_file and ssl_key_file',
  mysql: 'ssl_cert and ssl_key',
  mariadb: 'ssl_cert and ssl_key',
};

/** Whatever a shared login lacks or has too much of: its other users rely on it as it is. */
export const OWN_LOGINS =
  'create logins that nothing else uses with the statements of `headroom grants`, and let Headroom log in with them';

const REFUSALS: Readonly<Record<RefusalKind, RefusalRow>> = {
  full: {
    why: ({ endpoint, waitedMs }) =>
      `locked out: every slot of ${endpoint} is taken, reserved ones too, and none came free in ` +
      `${Math.round(waitedMs / 1000)} s`,
    advice: ({ engine, isRds = false }) => [
      'end sessions with a login that still gets in (a superuser or the master user), ' +
        'or restart the application that holds the slots',
      reservedWayIn(engine, isRds),
      'let no application log in as the master user: it would take the reserved slots',
    ],
    fix: () =>
      'free slots manually or run `headroom respond`; then give the responder a reserved slot: ' +
      '`headroom grants` prints how',
  },
  'consumer-full': {
    why: () => 'the responder’s own connection limit is reached',
    advice: ({ engine }) => [LIMIT_FIX[engine]],
    fix: (_, __, engine) => LIMIT_FIX[engine],
  },
  'out-of-resources': {
    why: ({ endpoint }) =>
      `${endpoint} lacks threads, processes or memory for another session, whatever slots are free`,
    advice: () => [MORE_ROOM, 'until then fewer sessions help: restart the application that holds the most'],
    fix: () => MORE_ROOM,
  },
  'host-blocked': {
    why: ({ endpoint }) => `${endpoint} blocks the worker’s address, after too many connections that never logged in`,
    advice: ({ engine }) => [
      UNBLOCK[engine],
      'find what opens connections there and does not log in (a health check?), or raise max_connect_errors',
    ],
    fix: (_, __, engine) => `${UNBLOCK[engine]}; and find what opens connections from there and does not log in`,
  },
  authentication: {
    why: () => 'the responder’s login is refused',
    advice: () => [
      'check its password or secret; `headroom grants` prints what to create',
      '`headroom doctor` checks it',
    ],
    fix: (_, source) =>
      `check user and password in ${source}; \`headroom grants\` prints the statements that create the logins`,
  },
  'iam-refused': {
    why: () => 'the responder’s IAM token is refused',
    advice: ({ engine }) => [iamSteps(engine), '`headroom doctor` checks it'],
    fix: (_, __, engine) => iamSteps(engine),
  },
  'missing-database': {
    why: () => 'the database the responder connects to does not exist',
    advice: () => ['set endpoint.database to one that exists'],
    fix: (_, source) => `name a database that exists in ${source} (endpoint.database, or the path of the URL)`,
  },
  tls: {
    why: ({ endpoint }) => `TLS to ${endpoint} failed`,
    advice: () => ['check tls.mode and tls.ca; for RDS the region’s CA comes with the worker'],
    fix: ({ code, message }, _, engine) => fixForTls(code, message, engine),
  },
  network: {
    why: ({ endpoint }) => `${endpoint} cannot be reached`,
    advice: () => [
      'check that the server runs, its address and port, and the security groups between worker and database',
    ],
    fix: ({ code }, source) =>
      NETWORK_FIX[code]?.(source) ?? 'check that the server runs and that nothing blocks the way to it from the worker',
  },
  silent: {
    why: ({ endpoint }) => `${endpoint} takes connections and does not answer`,
    advice: () => [
      'see whether the server hangs (its log, its disk, its load), and restart or fail over if it does',
      'if it is well, something else listens there: check engine, host and port',
    ],
    fix: (_, source) => `see whether the server hangs; if it is well, correct engine, host and port in ${source}`,
  },
  starting: {
    why: () => 'the server has been starting for too long',
    advice: () => ['read the server’s log: it may be recovering after a crash'],
    fix: () => 'wait until the server has started; if it does not, read its log: it may be recovering after a crash',
  },
  'wrong-server': {
    why: () => 'the worker reached another server than the target’s',
    advice: () => [
      'set endpoint.host and port to those of the instance itself, never of a cluster, pooler or proxy, ' +
        'and engine to its kind',
    ],
    fix: (_, source) =>
      `set ${source} to the endpoint of the instance itself, not of a cluster, reader, pooler or proxy, ` +
      'and engine to its kind',
  },
  'unfit-login': {
    why: () => 'the login is not Headroom’s own',
    advice: () => [OWN_LOGINS],
    fix: () => OWN_LOGINS,
  },
  'busy-elsewhere': {
    why: ({ endpoint }) => `another executor is acting on ${endpoint}`,
    advice: () => ['find who else runs Headroom against this server'],
    fix: () => 'find who else runs Headroom against this server',
  },
  'too-late': {
    why: () => 'the worker answered only after its deadline',
    advice: () => ['read the worker’s log for slow invocations'],
    fix: () => 'check again; if it happens often, read the worker’s log for slow invocations',
  },
  other: {
    why: () => 'the worker could not get in',
    advice: () => ['`headroom doctor` shows more'],
    fix: () => 'read the server’s log for the reason',
  },
};

function fixForTls(code: string, message: string, engine: EngineName): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'use the host name that is in the server’s certificate';
  if (code === 'CERT_HAS_EXPIRED')
    return 'renew the server’s certificate, or set tls.ca to the authority that signed the new one';
  if (/UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ISSUER|SIGNATURE/.test(code))
    return 'set tls.ca to a PEM file with the authority that signed the server’s certificate';
  if (/not support|no TLS|no SSL/i.test(message))
    return `turn TLS on at the server (${TLS_ON[engine]}); on a loopback address tls.mode "disable" will do`;
  if (/no encryption|SSL off|insecure transport/i.test(message))
    return 'set tls.mode to "verify-full": the server takes encrypted logins only';
  return 'set tls.ca to the certificate authority of the server, and tls.mode to what the server offers';
}

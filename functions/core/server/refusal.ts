import { printable } from '../words/printable.ts';
import type { EngineName, Refusal, RefusalKind } from './snapshot.ts';

/** A login that failed: on which server, and how long the worker tried. */
interface Attempt {
  readonly endpoint: string;
  readonly engine: EngineName;
  readonly waitedMs: number;
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

export function refusalWords({ kind, message }: Refusal): string {
  return `${kind}: ${printable(message, 200)}`;
}

/** What lets the responder in while ordinary clients are refused. */
const RESERVED_WAY_IN = {
  postgres:
    'give the responder a reserved slot: GRANT pg_use_reserved_connections (PostgreSQL 16 and newer, with ' +
    'reserved_connections of 2 or more); on RDS PostgreSQL 15 and older, GRANT rds_superuser',
  mysql: 'give the responder the extra slot: GRANT CONNECTION_ADMIN ON *.* (and grant it to no application)',
  mariadb: 'give the responder the extra slot: GRANT CONNECTION ADMIN ON *.* (and grant it to no application)',
} as const satisfies Record<EngineName, string>;

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
  mysql: 'raise the limit of this user: ALTER USER … WITH MAX_USER_CONNECTIONS 0',
  mariadb: 'raise the limit of this user: ALTER USER … WITH MAX_USER_CONNECTIONS 0',
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
    advice: ({ engine }) => [
      'end sessions with a login that still gets in (a superuser or the master user), ' +
        'or restart the application that holds the slots',
      RESERVED_WAY_IN[engine],
      'let no application log in as the master user: it would take the reserved slots',
    ],
    fix: () =>
      'free slots manually or run `headroom respond`; then give the responder a reserved slot: ' +
      '`headroom grants` prints how',
  },
  'consumer-full': {
    why: () => 'the responder’s own connection limit is reached',
    advice: () => ['raise the connection limit of the responder’s role or database'],
    fix: (_, __, engine) => LIMIT_FIX[engine],
  },
  authentication: {
    why: () => 'the responder’s login is refused',
    advice: () => [
      'check its password, secret or rds_iam grant; `headroom grants` prints what to create',
      '`headroom doctor` checks it',
    ],
    fix: (_, source) =>
      `check user and password in ${source}; \`headroom grants\` prints the statements that create the logins`,
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
  starting: {
    why: () => 'the server has been starting for too long',
    advice: () => ['read the server’s log: it may be recovering after a crash'],
    fix: () => 'wait until the server has started; if it does not, read its log: it may be recovering after a crash',
  },
  'wrong-server': {
    why: () => 'the worker reached another server than the target’s',
    advice: () => ['set endpoint.host to the endpoint of the instance itself, never of a cluster, pooler or proxy'],
    fix: (_, source) =>
      `set ${source} to the endpoint of the instance itself, not of a cluster, reader, pooler or proxy`,
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

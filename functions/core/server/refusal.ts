import { printable } from '../words/printable.ts';
import type { EngineName, Refusal } from './snapshot.ts';

/** What lets the responder in when ordinary clients are refused. */
const RESERVED_WAY_IN = {
  postgres:
    'give the responder a reserved slot: GRANT pg_use_reserved_connections (PostgreSQL 16 and newer, with reserved_connections of 2 or more); on RDS PostgreSQL 15 and older, GRANT rds_superuser',
  mysql: 'give the responder the extra slot: GRANT CONNECTION_ADMIN ON *.* (and let no application have it)',
  mariadb: 'give the responder the extra slot: GRANT CONNECTION ADMIN ON *.* (and let no application have it)',
} as const satisfies Record<EngineName, string>;

/** Why the worker did not get in, and what to do about it. */
export function explainRefusal(
  refusal: Refusal,
  waitedMs: number,
  { endpoint: where, engine }: { readonly endpoint: string; readonly engine: EngineName },
): { readonly why: string; readonly advice: readonly string[] } {
  const words = printable(refusal.message, 200);
  const waited = `${Math.round(waitedMs / 1000)} s`;
  switch (refusal.kind) {
    case 'full':
      return {
        why: `locked out: every slot of ${where} is taken, reserved ones too, and none came free in ${waited} (${words})`,
        advice: [
          'end sessions from a login that still gets in (a superuser or the master user), or restart the application that holds them',
          RESERVED_WAY_IN[engine],
          'keep applications off the master user: it eats the reserve',
        ],
      };
    case 'consumer-full':
      return {
        why: `the responder’s own connection limit is reached (${words})`,
        advice: ['raise the connection limit of the responder’s role or database'],
      };
    case 'authentication':
      return {
        why: `the responder’s login is refused (${words})`,
        advice: [
          'check its password, secret or rds_iam grant; `headroom grants` prints what to create',
          '`headroom doctor` checks it',
        ],
      };
    case 'missing-database':
      return {
        why: `the database the responder connects to does not exist (${words})`,
        advice: ['set endpoint.database to one that does'],
      };
    case 'tls':
      return {
        why: `TLS to ${where} failed (${words})`,
        advice: ['check tls.mode and tls.ca; for RDS the region’s CA comes with the worker'],
      };
    case 'network':
      return {
        why: `${where} cannot be reached (${words})`,
        advice: [
          'check that the server runs, its address and port, and the security groups between worker and database',
        ],
      };
    case 'starting':
      return {
        why: `the server has been starting for too long (${words})`,
        advice: ['look at the server’s log: it may be recovering after a crash'],
      };
    case 'wrong-server':
      return {
        why: `the worker is not where it should be (${words})`,
        advice: ['set endpoint.host to the endpoint of the instance itself, never of the cluster'],
      };
    case 'busy-elsewhere':
      return {
        why: `another executor is acting on ${where} (${words})`,
        advice: ['find who else runs Headroom against this server'],
      };
    case 'too-late':
      return {
        why: `the worker answered only after its deadline (${words})`,
        advice: ['look at the worker’s log for slow invocations'],
      };
    case 'other':
      return {
        why: `the worker could not get in (${refusal.code} ${words})`,
        advice: ['`headroom doctor` shows more'],
      };
  }
}

export function wordsOf({ kind, message }: Refusal): string {
  return `${kind}: ${printable(message, 200)}`;
}

/** What a refused login asks of whom. `source`: where the login comes from. */
export function fixFor({ kind, code, message }: Refusal, source: string, engine: EngineName): string {
  switch (kind) {
    case 'network':
      return (
        NETWORK_FIX[code]?.(source) ?? `check that the server runs and that nothing stands between worker and server`
      );
    case 'wrong-server':
      return `let ${source} lead to the endpoint of the instance itself: no cluster, reader or proxy endpoint`;
    case 'tls':
      return fixForTls(code, message, engine);
    case 'authentication':
      return `check user and password in ${source}; \`headroom grants\` prints the statements that create the logins`;
    case 'missing-database':
      return `let ${source} name a database that exists (endpoint.database, or the path of the URL)`;
    case 'full':
      return `free slots by hand or run \`headroom respond\`; then let the responder have a reserved one: \`headroom grants\` prints how`;
    case 'consumer-full':
      return LIMIT_FIX[engine];
    case 'starting':
      return 'wait until the server has started; if it does not, read its log: it may be recovering after a crash';
    case 'busy-elsewhere':
      return 'find who else runs Headroom against this server';
    case 'too-late':
      return 'check again; if it happens often, read the worker’s log for slow invocations';
    case 'other':
      return 'read the server’s log for the reason';
  }
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
    'raise the limit of this role or database: ALTER ROLE … CONNECTION LIMIT -1, ALTER DATABASE … CONNECTION LIMIT -1',
  mysql: 'raise the limit of this user: ALTER USER … WITH MAX_USER_CONNECTIONS 0',
  mariadb: 'raise the limit of this user: ALTER USER … WITH MAX_USER_CONNECTIONS 0',
};

const TLS_ON: Readonly<Record<EngineName, string>> = {
  postgres: 'ssl = on with ssl_cert_file and ssl_key_file',
  mysql: 'ssl_cert and ssl_key',
  mariadb: 'ssl_cert and ssl_key',
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

import type { LoginSources } from './check-facts.ts';
import { CHECKS, failed, fine, notReached, type CheckFinding, type CheckId } from './check-finding.ts';
import { printable } from './printable.ts';
import type { EngineName, Refusal, RefusalKind } from './snapshot.ts';

/** What a login passes on its way in, in the order of the report. */
type Step = 'route' | 'tls' | 'slot' | 'authentication' | 'server';
const STEPS = ['route', 'tls', 'slot', 'authentication', 'server'] as const satisfies readonly CheckId[];

/** Where each refusal stops a login, and what it must have passed before. What is neither, nobody knows. */
const STOPS: Readonly<Record<RefusalKind, { readonly at: Step; readonly passed: readonly Step[] }>> = {
  network: { at: 'route', passed: [] },
  tls: { at: 'tls', passed: ['route'] },
  // Before it is asked who it is.
  full: { at: 'slot', passed: ['route', 'tls'] },
  starting: { at: 'slot', passed: ['route', 'tls'] },
  'consumer-full': { at: 'slot', passed: ['route', 'tls', 'authentication'] },
  authentication: { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'missing-database': { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'wrong-server': { at: 'server', passed: ['route', 'tls', 'slot', 'authentication'] },
  'busy-elsewhere': { at: 'slot', passed: ['route', 'tls', 'authentication'] },
  'too-late': { at: 'route', passed: [] },
  other: { at: 'authentication', passed: ['route', 'tls'] },
};

/** The way in of a responder that was refused. */
export function checkRefusal(
  refusal: Refusal,
  { responder, tlsMode }: LoginSources,
  engine: EngineName,
): CheckFinding[] {
  const { at, passed } = STOPS[refusal.kind];
  return STEPS.map((step) => {
    if (step === at) return failed(step, wordsOf(refusal), fixFor(refusal, responder, engine));
    if (!passed.includes(step)) return notReached(step, `not known: stopped at “${CHECKS[at]}”`);
    return fine(step, step === 'tls' && tlsMode === 'disable' ? 'not used (tls.mode is "disable")' : 'passed');
  });
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

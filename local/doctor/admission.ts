import type { Refusal, RefusalKind } from '../../functions/core/snapshot.ts';
import { failed, fine, unknown, type DoctorFinding } from './finding.ts';

/** The ways in, in the order they are passed. */
const STEPS = ['route', 'TLS', 'login'] as const;
type Step = (typeof STEPS)[number];

const STUCK_AT: Readonly<Record<RefusalKind, Step>> = {
  network: 'route',
  'wrong-server': 'route',
  tls: 'TLS',
  starting: 'login',
  full: 'login',
  'consumer-full': 'login',
  authentication: 'login',
  'missing-database': 'login',
  'busy-elsewhere': 'login',
  'too-late': 'login',
  other: 'login',
};

/** What each refusal of a login asks of whom. `login`: the name of the environment variable with the URL. */
export function fixFor({ kind }: Refusal, login: string): string {
  switch (kind) {
    case 'network':
      return `check that the server runs, that host and port in ${login} are right, and that nothing (security group, firewall) stands between`;
    case 'wrong-server':
      return `let ${login} name the endpoint of the instance itself: no cluster, reader or proxy endpoint`;
    case 'tls':
      return 'set tls.ca to the certificate authority of the server, or tls.mode to what the server offers';
    case 'authentication':
      return `check user and password in ${login}; "headroom grants" prints the statements that create the logins`;
    case 'missing-database':
      return `let ${login} name a database that exists`;
    case 'full':
      return 'every slot is taken: free one by hand, and give the responder reserved slots ("headroom grants", reserved_connections)';
    case 'consumer-full':
      return 'raise the connection limit of this role or database: ALTER ROLE … CONNECTION LIMIT -1';
    case 'starting':
      return 'wait until the server has started; if it does not, read its log';
    case 'busy-elsewhere':
    case 'too-late':
    case 'other':
      return 'read the server’s log for the reason';
  }
}

/** Route, TLS and login of the responder: what was passed, where it stopped, what therefore nobody knows. */
export function checkAdmission(
  refusal: Refusal | null,
  tlsMode: 'verify-full' | 'require' | 'disable',
  login: string,
): DoctorFinding[] {
  const stuckAt = refusal === null ? STEPS.length : STEPS.indexOf(STUCK_AT[refusal.kind]);
  return STEPS.map((step, index) => {
    if (refusal === null || index < stuckAt) return fine(step, PASSED[step](tlsMode));
    if (index > stuckAt) return unknown(step, `could not be looked at: stopped at ${STEPS[stuckAt] ?? step}`);
    return failed(step, `${refusal.kind}: ${refusal.message}`, fixFor(refusal, login));
  });
}

const PASSED: Readonly<Record<Step, (tlsMode: string) => string>> = {
  route: () => 'the server answers',
  TLS: (mode) => (mode === 'disable' ? 'not used (tls.mode is "disable")' : `agreed (tls.mode is "${mode}")`),
  login: () => 'the responder gets in',
};

import type { LoginSources } from '../protocol/check-facts.ts';
import { fixFor, refusalWords } from '../server/refusal.ts';
import type { EngineName, Refusal, RefusalKind } from '../server/snapshot.ts';
import { CHECKS, failed, fine, notReached, type CheckFinding, type CheckId } from './finding.ts';

/** What a login must pass, in the order of the report. */
type Step = 'route' | 'tls' | 'slot' | 'authentication' | 'server';
const STEPS = ['route', 'tls', 'slot', 'authentication', 'server'] as const satisfies readonly CheckId[];

/** Where each refusal stops a login, and what the login must have passed before. The other steps are unknown. */
const STOPS: Readonly<Record<RefusalKind, { readonly at: Step; readonly passed: readonly Step[] }>> = {
  network: { at: 'route', passed: [] },
  tls: { at: 'tls', passed: ['route'] },
  // The server refuses it before authentication.
  full: { at: 'slot', passed: ['route', 'tls'] },
  silent: { at: 'slot', passed: ['route'] },
  'host-blocked': { at: 'slot', passed: ['route'] },
  'out-of-resources': { at: 'slot', passed: ['route'] },
  starting: { at: 'slot', passed: ['route', 'tls'] },
  'consumer-full': { at: 'slot', passed: ['route', 'tls', 'authentication'] },
  authentication: { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'iam-refused': { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'missing-database': { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'wrong-server': { at: 'server', passed: ['route', 'tls', 'slot', 'authentication'] },
  'unfit-login': { at: 'authentication', passed: ['route', 'tls', 'slot'] },
  'busy-elsewhere': { at: 'slot', passed: ['route', 'tls', 'authentication'] },
  'too-late': { at: 'route', passed: [] },
  other: { at: 'authentication', passed: ['route', 'tls'] },
};

/** The steps of a responder that was refused. */
export function checkRefusal(
  refusal: Refusal,
  { responder, tlsMode }: LoginSources,
  engine: EngineName,
): CheckFinding[] {
  const { at } = STOPS[refusal.kind];
  const passed = passedBefore(refusal);
  return STEPS.map((step) => {
    if (step === at) return failed(step, refusalWords(refusal), fixFor(refusal, responder, engine));
    if (!passed.includes(step)) return notReached(step, `unknown: the login stopped at “${CHECKS[at]}”`);
    return fine(step, step === 'tls' && tlsMode === 'disable' ? 'not used (tls.mode is "disable")' : 'passed');
  });
}

/** What refuses a login by an error or in another protocol has not let it in, and its own door is not the server's. */
function passedBefore({ kind, code }: Refusal): readonly Step[] {
  return kind === 'wrong-server' && code !== '' ? ['route'] : STOPS[kind].passed;
}

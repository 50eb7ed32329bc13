import type { TargetSettings } from '../policy/target.ts';
import { RIGHTS_OF } from '../protocol/check-facts.ts';
import type { CheckAnswer } from '../protocol/worker.ts';
import { describeAdmission } from '../server/admission.ts';
import type { EngineName } from '../server/snapshot.ts';
import { CHECKS, fine, notReached, shown, type CheckFinding, type CheckId } from './finding.ts';
import {
  checkCanary,
  checkLoginLimits,
  checkPowers,
  checkReserve,
  checkOwnLogins,
  checkTrial,
  checkVisibility,
  leavingShared,
} from './logins.ts';
import { checkProtection } from './protection.ts';
import {
  checkClock,
  checkDatabase,
  checkHolders,
  checkLimit,
  checkServer,
  checkSettings,
  checkTls,
  checkTracking,
} from './server-setup.ts';
import { checkRefusal } from './way-in.ts';

type CheckedTarget = Pick<TargetSettings, 'engine' | 'maxConnections' | 'reservedSlots'> &
  Partial<Pick<TargetSettings, 'policy' | 'isRds'>>;
type AnsweredCheck = Extract<CheckAnswer, { ok: true }>;

/**
 * What a check by the worker means: one finding for each of `CHECKS` that the engine has, in their order, with a fix
 * for what is missing. A worker that was refused gives findings too.
 */
export function judgeCheck(answer: CheckAnswer, target: CheckedTarget): readonly CheckFinding[] {
  const findings = answer.ok
    ? findingsInside(answer, target)
    : checkRefusal(answer.refusal, answer.sources, target.engine);
  const found = new Map(findings.map((finding) => [finding.id, finding]));
  return checksOf(target.engine).map((id) => found.get(id) ?? notReached(id, 'not reached'));
}

/** Whether something is missing that Headroom needs. */
export function hasFailures(findings: readonly Pick<CheckFinding, 'status'>[]): boolean {
  return findings.some(({ status }) => status === 'failed');
}

function checksOf(engine: EngineName): CheckId[] {
  const foreign = new Set<string>(RIGHTS_OF.mysql.filter((right) => !RIGHTS_OF[engine].includes(right)));
  return (Object.keys(CHECKS) as CheckId[]).filter((id) => !foreign.has(id));
}

function findingsInside({ check, canary, admission, sources }: AnsweredCheck, target: CheckedTarget): CheckFinding[] {
  const { engine } = target;
  return [
    fine('route', 'the server answers'),
    checkTls(check, sources.tlsMode),
    fine('slot', `got in ${describeAdmission(admission)}`),
    fine('authentication', `logged in as ${shown(check.login.user)} with ${sources.responder}`),
    checkServer(check),
    ...[...check.trials.map(checkTrial), checkVisibility(check), checkReserve(check), checkLoginLimits(check)].map(
      (finding) => leavingShared(check, finding),
    ),
    checkCanary(canary, sources.canary, engine),
    checkPowers(check, canary),
    checkOwnLogins(check),
    checkProtection(check, target),
    checkLimit(check, target),
    checkClock(check),
    checkHolders(check, engine),
    checkTracking(check),
    checkDatabase(check),
    checkSettings(check),
  ];
}

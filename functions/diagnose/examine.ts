import { adviseOn } from '../core/cause/advice.ts';
import type { Context } from '../core/cause/facts.ts';
import { describeSpared } from '../core/plan/spared-samples.ts';
import { countSpared } from '../core/plan/tier-plan.ts';
import { isPersons } from '../core/plan/tiers/tier.ts';
import { underPauses } from '../core/policy/pause.ts';
import { rehearsedId } from '../core/rehearsal/rehearsal.ts';
import { withMasterUser } from '../core/policy/protection.ts';
import { TIER_NAMES } from '../core/policy/tier-names.ts';
import type { SnapshotAnswer } from '../core/protocol/worker.ts';
import { historyOf } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Round } from '../core/record/round.ts';
import { holdersOf, runUpTo } from '../core/sampler/run-up.ts';
import { describeLeftOut } from '../core/protocol/fit-answer.ts';
import { describeAdmission, describeCanary } from '../core/server/admission.ts';
import { describeMissing } from '../core/server/readiness.ts';
import { isRefusedAsFull, slotsTaken, type Admission, type Server, type Snapshot } from '../core/server/snapshot.ts';
import { readActedOn, type Finding } from '../core/verdict/acted-on.ts';
import { betterFinding } from '../core/verdict/better-finding.ts';
import { diagnoseSnapshot, type Diagnosis } from '../core/verdict/diagnosis.ts';
import { endByHand } from '../core/verdict/end-by-hand.ts';
import type { Verdict } from '../core/verdict/situation.ts';
import { keepUsual } from '../core/usual/keep-usual.ts';
import { judgeAfterPage } from '../core/verdict/after-page.ts';
import { judgeSnapshot, judgeUnconfirmed } from '../core/verdict/verdict.ts';
import type { Findings } from './conclude.ts';
import { confirmRelief, type ConfirmDependencies } from './confirm-relief.ts';
import { readContext, readMasterUser, type ContextDependencies } from './read-context.ts';
import { readSituation, type OnRecord, type SituationDependencies } from './read-situation.ts';

export interface ExamineDependencies extends ContextDependencies, ConfirmDependencies, SituationDependencies {
  readonly store: ContextDependencies['store'] & SituationDependencies['store'];
}

const TIERS: ReadonlySet<string> = new Set(TIER_NAMES);

interface Examined {
  readonly verdict: Verdict;
  readonly found: Findings;
  readonly onRecord: OnRecord;
}

/** What a snapshot says of the incident, and what to do about it; relief is confirmed by further samples. */
export async function examine(
  incident: Incident,
  { snapshot, admission }: Extract<SnapshotAnswer, { ok: true }>,
  deps: ExamineDependencies,
): Promise<Examined> {
  const { target } = incident;
  const [onRecord, context] = await Promise.all([readSituation(incident, snapshot, deps), readContext(target, deps)]);
  const { past, situation } = onRecord;
  const history = historyOf({ ...past, usedNow: slotsTaken(snapshot) });
  const masterUser = history.masterUser ?? (await readMasterUser(target, snapshot, deps));
  const settings = underPauses({ ...target, policy: withMasterUser(target.policy, masterUser) }, situation.pauses);
  const diagnosis = diagnoseSnapshot(snapshot, settings, history, { context });
  const look = { snapshot, pressing: diagnosis.pressing, soon: diagnosis.plan.soon };
  const judged = judgeAfterPage(judgeSnapshot(snapshot, diagnosis, situation), look, situation);
  const { verdict, last, refusals } = await confirmRelief(
    { judged, snapshot, target },
    (why) => {
      const current = { ...situation, now: deps.now() };
      return judgeAfterPage(judgeUnconfirmed(why, diagnosis, current), { ...look, pressing: true }, current);
    },
    deps,
  );
  const better = findBetter(incident, diagnosis, { ...onRecord, usedNow: slotsTaken(snapshot) });
  const found: Findings = {
    round: {
      ...roundOf(snapshot, diagnosis, describeArrival(admission, snapshot.server, incident)),
      // Of a rehearsal too: the command is about the target itself.
      ...(isLeftToPeople(verdict) && {
        byHand: endByHand(diagnosis, { ...target, id: rehearsedId(target.id) ?? target.id }),
      }),
      ...(TIERS.has(verdict.next) && { advice: adviceOf(diagnosis, incident) }),
      ...(history.usual === null && foundUsual(diagnosis, snapshot)),
      ...(history.since === null && ranUp(context, snapshot)),
      ...(masterUser !== null && history.masterUser === null && { masterUser }),
    },
    ...(better !== null && { better }),
    snapshot,
    admission,
    last,
    refused: refusals + (isRefusedAsFull(snapshot.canary) ? 1 : 0) + admission.refusedAsFull,
    samples: context.samples,
    isPressing: diagnosis.pressing,
  };
  return { verdict, found, onRecord };
}

/** Headroom ends nothing after this look, and somebody may want to. */
function isLeftToPeople(verdict: Verdict): boolean {
  return (
    verdict.next === 'escalate' ||
    verdict.next === 'stay' ||
    (verdict.next === 'close' && verdict.outcome === 'observed')
  );
}

/** What goes on record as the cause; null when what is there stays. */
function findBetter(
  incident: Incident,
  diagnosis: Diagnosis,
  { past, situation, usedNow }: OnRecord & { readonly usedNow: number },
): Finding | null {
  const found = { cause: diagnosis.cause, advice: adviceOf(diagnosis, incident) };
  return betterFinding(found, incident.cause, {
    pressing: diagnosis.pressing,
    hasActed: situation.hasActed || !past.limits.every(isPersons),
    actedOn: readActedOn({ ...past, usedNow }, incident.cause?.name ?? null),
    cameBack: diagnosis.facts.returns.vainSince !== null,
  });
}

function adviceOf({ cause, facts }: Diagnosis, { target }: Incident): string[] {
  return adviseOn(cause.name, facts, target);
}

/** What was usual before the incident, for all of its rounds; nothing while that is not known. */
function foundUsual({ departures }: Diagnosis, snapshot: Snapshot): Pick<Round, 'usual'> {
  return departures.usual.basis === 'none' ? {} : { usual: keepUsual(departures, snapshot) };
}

/** What samples show of the time before, in the incident's first round. */
function ranUp({ samples }: Pick<Context, 'samples'>, { at }: Snapshot): Pick<Round, 'runUp'> {
  const runUp = runUpTo(samples, at);
  return runUp === null ? {} : { runUp };
}

function roundOf(snapshot: Snapshot, { usage, cause, plan }: Diagnosis, arrival: string) {
  const { tiers, choice, soon, spared } = plan;
  const leftOut = describeLeftOut(snapshot);
  // A worker of an earlier version sends none.
  const { consumers } = snapshot as Partial<Snapshot>;
  return {
    usage,
    used: slotsTaken(snapshot),
    usable: snapshot.limits.usable,
    byState: snapshot.byState,
    ...(consumers !== undefined && { holders: holdersOf(consumers) }),
    canary: describeCanary(snapshot.canary),
    admission: arrival,
    ...(leftOut !== null && { leftOut }),
    cause,
    planned: Object.fromEntries(tiers.map((tier) => [tier.tier, tier.victims.length])),
    spared: countSpared(spared),
    sparedSamples: describeSpared(spared),
    ...(choice.alone.length > 0 && { choice }),
    ...(soon !== null && { soon }),
    ...(snapshot.missing !== undefined && { unread: snapshot.missing.map(describeMissing) }),
  } satisfies Partial<Round>;
}

/** How it got in, and whether that is still the server of the round before. */
function describeArrival(admission: Admission, { identity, readOnly }: Server, { serverIdentity }: Incident): string {
  const isOther = serverIdentity !== null && serverIdentity !== identity;
  return [
    describeAdmission(admission),
    ...(isOther ? ['the server has restarted or failed over since the last snapshot'] : []),
    ...(readOnly ? ['the server is read-only: a reader or standby'] : []),
  ].join('; ');
}

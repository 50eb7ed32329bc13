import { describeCause } from '../../functions/core/cause/find-cause.ts';
import { legendOf } from '../../functions/core/messages/form/legend.ts';
import { describeChoice } from '../../functions/core/plan/choice.ts';
import { describeLimitPlan } from '../../functions/core/plan/plan-summary.ts';
import { isPlanned, type Plan, type TierPlan } from '../../functions/core/plan/tier-plan.ts';
import { describePause, scopeInWords, type Pause } from '../../functions/core/policy/pause.ts';
import { SPARED } from '../../functions/core/policy/spared.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { describeCanary } from '../../functions/core/server/admission.ts';
import { describeAhead } from '../../functions/core/server/locks.ts';
import { describeMissing } from '../../functions/core/server/readiness.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { slotsTaken, type Snapshot } from '../../functions/core/server/snapshot.ts';
import type { Diagnosis } from '../../functions/core/verdict/diagnosis.ts';
import { withCommands } from '../../functions/core/words/commands.ts';
import { count } from '../../functions/core/words/count.ts';
import { inWords } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { named, printable } from '../../functions/core/words/printable.ts';
import { tableOf } from '../terminal/table.ts';
import { wrappedAfter } from '../terminal/wrap.ts';
import { groupLines } from './groups.ts';
import { sessionJson } from './session-output.ts';

/** Under the words after a label. */
const INDENT = ' '.repeat('verdict  '.length);

/** What an incident would find and do right now. */
interface Proposal {
  readonly snapshot: Snapshot;
  readonly diagnosis: Diagnosis;
  readonly settings: TargetSettings;
  readonly pauses: readonly Pause[];
}

/**
 * For a person: what would be done and why, then who ends and who stays. In 80 columns, except for commands and
 * statements to copy, and for the table of every session that `verbose` asks for.
 */
export function planInWords({ snapshot, diagnosis, settings, pauses }: Proposal, verbose: boolean): string {
  const { usage, cause, plan } = diagnosis;
  const { limits, canary, missing = [] } = snapshot;
  const refusals = plan.tiers.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.why, ...refusal.fix]));
  const lines = [
    ...verdictOf(diagnosis, settings).flatMap((line, at) => wrappedAfter(at === 0 ? 'verdict  ' : INDENT, line)),
    ...wrappedAfter('cause    ', describeCause(cause)),
    ...wrappedAfter(
      'usage    ',
      `${percent(usage)}: ${slotsTaken(snapshot)} of ${limits.usable} usable slots; ordinary clients: ${describeCanary(canary)}`,
    ),
    ...pauses.flatMap((pause) => wrappedAfter('paused   ', `${scopeInWords(pause)}: ${describePause(pause)}`)),
    ...missing.flatMap((detail) => wrappedAfter('not seen ', describeMissing(detail))),
    ...plan.tiers.flatMap(limitLines),
    ...refusals.map((line) => `no limit ${withCommands(line, settings)}`),
    ...(verbose ? [tableOf(COLUMNS, sessionRows(plan))] : groupsOf(plan)),
    ...(cause.evidence.length === 0 ? [] : ['', 'evidence']),
    ...cause.evidence.flatMap((evidence) => wrappedAfter('       ', evidence)),
    ...(verbose ? describeChoice(plan.choice).flatMap((line) => wrappedAfter('choice   ', line)) : []),
  ];
  const legend = legendOf(lines.join(' ').replaceAll(/\s+/g, ' '));
  return [...lines, '', ...legend.flatMap((line, at) => wrappedAfter(at === 0 ? 'words    ' : INDENT, line))].join(
    '\n',
  );
}

/** What would be done, line by line. */
function verdictOf({ pressing, plan }: Diagnosis, { policy }: TargetSettings): string[] {
  const planned = plan.tiers.filter(isPlanned);
  const calm = pressing ? [] : [`nothing presses: usage is under the trigger of ${policy.triggerPercent}%`];
  if (plan.need === 0 && planned.length === 0) {
    return [`nothing to do: usage is at or under the relief level of ${policy.reliefPercent}%`];
  }
  const need = `${count(plan.need, 'slot')} must come free`;
  if (planned.length === 0) return [`would end nobody, though ${need}: each session has a reason to stay`, ...calm];
  return [...planned.map(describeTierPlan), need, ...calm];
}

const WHO_ACTS = {
  observe: 'but only says so (mode observe)',
  approve: 'after a person has said yes (mode approve)',
  act: 'without asking (mode act)',
} as const satisfies Record<TierPlan['mode'], string>;

function describeTierPlan(tier: TierPlan): string {
  const limits = tier.limit === null ? '' : `limit ${describeLimitPlan(tier.limit)}, and `;
  return `${tier.tier} would ${limits}end ${count(tier.victims.length, 'session')}, ${WHO_ACTS[tier.mode]}`;
}

function limitLines({ tier, limit }: TierPlan): string[] {
  if (limit === null) return [];
  const concerned = limit.concerns.map(({ consumer, sessions }) => `${named(consumer)} (${sessions})`);
  return [
    ...wrappedAfter('limit    ', `${tier}: ${printable(limit.user)} to ${limit.limit} connections: ${limit.reason}`),
    ...wrappedAfter(INDENT, `concerns ${concerned.join(', ')}`),
  ];
}

function groupsOf({ tiers, spared }: Plan): string[] {
  return [
    ...tiers.flatMap(({ tier, victims }) =>
      groupLines(
        `${tier} ends`,
        victims.map(({ session, reason }) => ({ session, why: reason })),
      ),
    ),
    ...groupLines(
      'stay',
      spared.map(({ session, reason }) => ({ session, why: SPARED[reason] })),
    ),
  ];
}

const COLUMNS = ['session', 'user', 'application', 'state', 'for', 'waits for', 'what', 'why'];

function sessionRows({ tiers, spared }: Plan): string[][] {
  const ended = tiers.flatMap(({ tier, mode, victims }) =>
    victims.map(({ session, method, reason }) => [
      ...sessionCells(session),
      `${tier}${mode === 'observe' ? ' (observe)' : ''}: ${method}`,
      reason,
    ]),
  );
  return [...ended, ...spared.map(({ session, reason }) => [...sessionCells(session), 'spared', SPARED[reason]])];
}

function sessionCells(session: Session): string[] {
  const { identity, user, application, state, stateMs } = session;
  return [
    String(identity.id),
    printable(user ?? '?'),
    printable(application),
    state,
    inWords(stateMs),
    describeAhead(session),
  ];
}

/** For programs: one document. Ages in milliseconds. */
export function planJson(target: string, snapshot: Snapshot, { usage, pressing, cause, plan }: Diagnosis) {
  return {
    target,
    at: new Date(snapshot.at).toISOString(),
    server: snapshot.server,
    limits: snapshot.limits,
    used: slotsTaken(snapshot),
    usage,
    canary: snapshot.canary,
    visibility: snapshot.visibility,
    missing: snapshot.missing ?? [],
    pressing,
    cause,
    need: plan.need,
    choice: plan.choice,
    userLimits: snapshot.userLimits,
    tiers: plan.tiers.map(({ tier, mode, limit, refusal, victims }) => ({
      tier,
      mode,
      limit,
      // Its name in the first version.
      cap: limit,
      refusal,
      victims: victims.map(({ session, method, reason, harm }) => ({ ...sessionJson(session), method, reason, harm })),
    })),
    spared: plan.spared.map(({ session, reason }) => ({ ...sessionJson(session), reason, words: SPARED[reason] })),
  };
}

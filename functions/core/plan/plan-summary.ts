import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { consumerOf } from '../server/consumer.ts';
import { sessionKey, type Session } from '../server/session.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { inWords } from '../words/in-words.ts';
import { mostFirst } from '../words/lists.ts';
import { named } from '../words/printable.ts';
import { sha256 } from '../words/sha256.ts';
import type { TierPlan, Victim } from './tier-plan.ts';
import type { LimitPlan } from './tiers/tier.ts';

/** A session that a question names: the approval covers this session and no other like it. */
interface NamedVictim {
  /** Its `sessionKey`. */
  readonly key: string;
  readonly words: string;
  readonly needsPerson: SparedReason;
}

/** What a tier would do, for a person to approve. An approval covers this much and no more. */
export interface PlanSummary {
  readonly tier: TierName;
  /** The limit that would be set on a user first, and why; null for none. */
  readonly limit: (Pick<LimitPlan, 'user' | 'limit' | 'sessions'> & { readonly why: string }) | null;
  /** Slots that must come free. */
  readonly need: number;
  readonly sessions: number;
  /** How many of them only have their query cancelled at first. */
  readonly cancels: number;
  /** How many have a query or a transaction to lose, and how many of those have written. */
  readonly losing: number;
  readonly writing: number;
  /** Rows that a rollback restores, where the server counts them. */
  readonly rowsModified: number;
  /** Every consumer that loses sessions, most first. */
  readonly consumers: readonly { readonly name: string; readonly sessions: number }[];
  /** The sessions whose work only a person may throw away. */
  readonly named: readonly NamedVictim[];
  /** A few of the others, in words. */
  readonly samples: readonly string[];
}

/** Most consumers in one question; the sessions of others wait for the next question. */
const MOST_CONSUMERS = 100;
const MOST_SAMPLES = 5;
const CONSUMER_LENGTH = 120;
/**
 * A transaction goes on writing while a person reads. With more than this many times the rows that the question showed,
 * it is another plan: the time to undo them grows with them.
 */
const ROWS_GROWTH = 2;
const CHURN = 0.05;

/** How many of so many sessions come and go between two looks, at least one: a difference of no more says nothing. */
export function churnOf(sessions: number): number {
  return Math.max(1, Math.floor(CHURN * sessions));
}

/** Only where nobody loses work: each session that does is one that a person has weighed. */
function noiseOf({ sessions, losing, writing, cancels }: PlanSummary): number {
  return losing + writing + cancels > 0 ? 0 : churnOf(sessions);
}

/** Sums up what a tier would do, for a person to decide. Names are printable and bounded; it holds no statement. */
export function summarisePlan({ tier, limit, victims: planned }: TierPlan, need: number): PlanSummary {
  const largest = mostFirst(countBy(planned, consumerKey))
    .slice(0, MOST_CONSUMERS)
    .map(([name, sessions]) => ({ name, sessions }));
  const names = new Set(largest.map(({ name }) => name));
  const victims = planned.filter((victim) => names.has(consumerKey(victim)));
  return {
    tier,
    limit: limit && { user: limit.user, limit: limit.limit, sessions: limit.sessions, why: whyLimit(limit) },
    need,
    sessions: victims.length,
    cancels: victims.filter(({ method }) => method === 'cancel').length,
    losing: victims.filter(({ session }) => losesWork(session)).length,
    writing: victims.filter(({ session }) => hasWritten(session)).length,
    rowsModified: sumRows(victims),
    consumers: largest,
    named: victims.flatMap((victim) =>
      victim.needsPerson === null
        ? []
        : [
            {
              key: sessionKey(victim.session.identity),
              words: describeVictim(victim),
              needsPerson: victim.needsPerson,
            },
          ],
    ),
    samples: victims
      .filter(({ needsPerson }) => needsPerson === null)
      .slice(0, MOST_SAMPLES)
      .map(describeVictim),
  };
}

/**
 * How a plan goes beyond the one that a person has approved, in words; null when it does so by no more than noise. What
 * is covered of it, and so what may be done, says `withinAgreed`.
 */
export function findWorse(now: PlanSummary, agreed: PlanSummary): string | null {
  if (now.tier !== agreed.tier) return `${now.tier} instead of ${agreed.tier}`;
  // Which of its user's sessions are idle just now changes by the second, and the limit is what helps.
  if (now.limit !== null) return isLimitAgreed(now.limit, agreed) ? null : `a limit of ${describeLimitPlan(now.limit)}`;
  const more = (sessions: number, was: number, which: string, most = was) =>
    sessions > most ? `${count(sessions, 'session')}${which} instead of ${was}` : null;
  const most = (was: number) => was + noiseOf(agreed);
  const mostRows = ROWS_GROWTH * agreed.rowsModified;
  const bySession = new Map(agreed.consumers.map(({ name, sessions }) => [name, sessions]));
  const mostOf = (name: string) => (bySession.has(name) ? most(bySession.get(name) ?? 0) : 0);
  const grown = now.consumers.find(({ name, sessions }) => sessions > mostOf(name));
  const terminates = agreed.sessions - agreed.cancels;
  const known = new Set(agreed.named.map(({ key }) => key));
  const stranger = now.named.find(({ key }) => !known.has(key));
  return (
    more(now.sessions, agreed.sessions, '', most(agreed.sessions)) ??
    (grown ? more(grown.sessions, bySession.get(grown.name) ?? 0, ` of ${grown.name}`) : null) ??
    more(now.losing, agreed.losing, ' with work to lose') ??
    more(now.writing, agreed.writing, ' with uncommitted changes') ??
    more(now.sessions - now.cancels, terminates, ' to terminate at once', most(terminates)) ??
    (now.rowsModified > mostRows
      ? `${count(now.rowsModified, 'row')} to restore instead of ${mostRows} at most`
      : null) ??
    (stranger ? `a session that was not named: ${stranger.words}` : null)
  );
}

/** Whether an approved plan covers this limit: it is on the same user and leaves it no fewer connections. */
export function isLimitAgreed({ user, limit }: Pick<LimitPlan, 'user' | 'limit'>, agreed: PlanSummary): boolean {
  return agreed.limit !== null && agreed.limit.user === user && agreed.limit.limit <= limit;
}

/** A limit in words. */
export function describeLimitPlan({ user, limit, sessions }: Pick<LimitPlan, 'user' | 'limit' | 'sessions'>): string {
  return `the user ${named(user, 63)}, who has ${count(sessions, 'connection')}, to ${limit}`;
}

/** Why a limit is needed, and which consumers it affects, in words. */
export function whyLimit({ reason, concerns }: Pick<LimitPlan, 'reason' | 'concerns'>): string {
  const names = concerns.slice(0, 5).map(({ consumer, sessions }) => `${named(consumer, 80)} (${sessions})`);
  return `${reason}; affects ${names.join(', ')}`;
}

/** Those of these victims, in their order, that an approved plan covers: what it says, and noise beyond it. */
export function withinAgreed(victims: readonly Victim[], agreed: PlanSummary): Victim[] {
  const noise = noiseOf(agreed);
  const consumers = new Map(agreed.consumers.map(({ name, sessions }) => [name, sessions + noise]));
  const named = new Set(agreed.named.map(({ key }) => key));
  const left = {
    sessions: agreed.sessions + noise,
    losing: agreed.losing,
    writing: agreed.writing,
    terminates: agreed.sessions - agreed.cancels + noise,
    rows: ROWS_GROWTH * agreed.rowsModified,
  };
  return victims.filter((victim) => {
    const { session, method, needsPerson } = victim;
    const consumer = consumerKey(victim);
    const ofConsumer = consumers.get(consumer) ?? 0;
    const cost = {
      losing: Number(losesWork(session)),
      writing: Number(hasWritten(session)),
      terminates: Number(method === 'terminate'),
      rows: session.rowsModified ?? 0,
    };
    const isCovered =
      left.sessions > 0 &&
      ofConsumer > 0 &&
      cost.losing <= left.losing &&
      cost.writing <= left.writing &&
      cost.terminates <= left.terminates &&
      cost.rows <= left.rows &&
      (needsPerson === null || named.has(sessionKey(session.identity)));
    if (!isCovered) return false;
    consumers.set(consumer, ofConsumer - 1);
    left.sessions--;
    left.losing -= cost.losing;
    left.writing -= cost.writing;
    left.terminates -= cost.terminates;
    left.rows -= cost.rows;
    return true;
  });
}

/** Ties a decision to the plan that was shown: 64 hexadecimal digits. */
export function hashPlan(incidentId: string, round: number, plan: PlanSummary): string {
  return sha256(JSON.stringify([incidentId, round, plan]));
}

function consumerKey({ session }: Victim): string {
  return named(consumerOf(session), CONSUMER_LENGTH);
}

function losesWork({ state }: Session): boolean {
  return state !== 'idle' && state !== 'idle-in-transaction-aborted';
}

function hasWritten({ hasWritten: isWriter, rowsModified }: Session): boolean {
  return isWriter || (rowsModified ?? 0) > 0;
}

function sumRows(victims: readonly Victim[]): number {
  return victims.reduce((sum, { session }) => sum + (session.rowsModified ?? 0), 0);
}

function describeVictim({ session, method, reason }: Victim): string {
  const { identity, user, application, state, transactionMs, rowsModified, statement } = session;
  const who = `${identity.id} ${named(user ?? '?', 63)}/${named(application, 63)}`;
  const work = [
    state,
    ...(statement === null ? [] : [statement.verb]),
    ...(transactionMs === null ? [] : [`transaction ${inWords(transactionMs)} old`]),
    ...(rowsModified === null || rowsModified === 0 ? [] : [`${count(rowsModified, 'row')} changed`]),
  ];
  return `${method} ${who} (${work.join(', ')}): ${reason}`;
}

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { describeChoice } from '../../../../functions/core/plan/choice.ts';
import { HARM, harmOf } from '../../../../functions/core/plan/harm.ts';
import { type History, type Plan } from '../../../../functions/core/plan/tier-plan.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import {
  active,
  aPolicy,
  aSession,
  aSnapshot,
  inTransaction,
  many,
  NEW_TO_ALL,
  waiter,
  endedAt,
} from '../../../support/a-session.ts';

const policy = aPolicy();
const MINUTE = 60_000;

function planOf(
  sessions: Session[],
  usable = 100,
  history: Partial<History> = {},
  changed: Parameters<typeof aPolicy>[0] = {},
): Plan {
  const settings = { policy: aPolicy(changed), mode: 'act' as const };
  return diagnoseSnapshot(aSnapshot(usable, sessions), settings, { ...NEW_TO_ALL, ...history }).plan;
}

const planned = ({ tiers }: Plan) =>
  Object.fromEntries(
    tiers.filter(({ victims }) => victims.length > 0).map(({ tier, victims }) => [tier, victims.length]),
  );

const work = (id: number) => active(id, { application: 'api', queryMs: 20, stateMs: 20 });
const longQuery = (id: number, minutes: number, changed: Partial<Session> = {}) =>
  active(id, { application: 'report', queryMs: minutes * MINUTE, stateMs: minutes * MINUTE, ...changed });

describe('the harm of ending a session', () => {
  const points = (session: Session) => harmOf(session, policy).points;

  it('is least for an idle one and most for uncommitted work, and grows with that work', () => {
    const rows = (rowsModified: number) => inTransaction(1, { hasWritten: true, rowsModified });
    const order = [aSession(1), longQuery(1, 60), longQuery(1, 11), rows(100), rows(9_000)].map(points);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
    expect(points(inTransaction(1, { state: 'idle-in-transaction-aborted' }))).toBe(points(aSession(1)));
  });

  it('counts minutes of writing where the server counts no rows, without the time it has idled', () => {
    const idle = { stateMs: 30 * MINUTE, hasWritten: true };
    const short = inTransaction(1, { ...idle, transactionMs: 31 * MINUTE });
    const long = inTransaction(1, { ...idle, transactionMs: 35 * MINUTE });
    expect(points(long) - points(short)).toBeCloseTo(4);
  });
});

it('is told in the docs with the same points and words', async () => {
  const page = await readFile(new URL('../../../../docs/least-harm.md', import.meta.url), 'utf8');
  for (const { points, words } of Object.values(HARM))
    expect(page).toMatch(new RegExp(`^\\| ${words} +\\| ${points}( |$)`, 'm'));
});

describe('a plan', () => {
  it('ends one blocker rather than many sessions that do less harm each', () => {
    const root = inTransaction(1, { transactionMs: 5 * MINUTE, stateMs: 10_000, application: 'pay' });
    const sessions = [
      root,
      ...many(30, 10, (id) => waiter(id, [1], { lockWaitMs: MINUTE, application: 'pay' })),
      ...many(40, 100, (id) => aSession(id, { application: 'web' })),
      ...many(25, 200, work),
    ];
    const plan = planOf(sessions, 100, NEW_TO_ALL);
    expect(planned(plan)).toEqual({ 'break-locks': 1 });
    expect(plan.choice).toMatchObject({ frees: 31, chosen: [{ tier: 'break-locks', sessions: 1 }] });
    // The others are not even in question: nothing is wrong with them.
    expect(plan.choice.alone).toMatchObject([{ tier: 'break-locks', isEnough: true }]);
  });

  it('leaves a costly writer alone while idle sessions are enough, also where its tier leads', () => {
    const sessions = [
      ...many(60, 1, (id) => longQuery(id, 30 + id)),
      ...many(6, 100, (id) => longQuery(id, 600, { hasWritten: true, rowsModified: 9_000 })),
      ...many(34, 200, (id) => aSession(id, { application: 'report' })),
    ];
    const plan = planOf(sessions, 100, {}, { caps: { ...policy.caps, perTierPercent: 20 } });
    const ended = plan.tiers.flatMap(({ victims }) => victims);
    expect(planned(plan)).toEqual({ 'cancel-long': 10, 'kill-idle': 20 });
    expect(ended.some(({ session }) => session.hasWritten)).toBe(false);
  });

  it('names who would have been next, and what each tier would come to alone', () => {
    const plan = planOf([
      ...many(60, 1, (id) => aSession(id, { application: 'leak', stateMs: id * MINUTE })),
      ...many(40, 101, (id) => longQuery(id, 15, { application: 'leak' })),
    ]);
    expect(plan.choice.next).toMatchObject({ tier: 'kill-idle', who: '30 app/leak', harm: 1, frees: 1 });
    const words = describeChoice(plan.choice).join('\n');
    expect(words).toContain('next would be 30 app/leak, by kill-idle');
    expect(words).toMatch(/cancel-long alone would end 30 sessions; harm \d+ for 30 slots/);
  });

  it('turns from a consumer that comes back to one that does not', () => {
    const back = (id: number) => aSession(id, { application: 'pool', stateMs: 20 * MINUTE, connectedMs: 60 * MINUTE });
    const fresh = (id: number) => aSession(id, { application: 'pool', connectedMs: 1_000, queryMs: 20, stateMs: 20 });
    const other = (id: number) => aSession(id, { application: 'stale', stateMs: 6 * MINUTE });
    const sessions = [...many(35, 1, back), ...many(30, 100, fresh), ...many(35, 200, other)];
    const who = (history: Partial<History>) =>
      new Set(
        planOf(sessions, 100, { ...NEW_TO_ALL, ...history }).tiers.flatMap(({ victims }) =>
          victims.map(({ session }) => session.application),
        ),
      );
    expect(who({})).toContain('pool');
    const ended = (count: number) => new Map([['app/pool', endedAt(-5_000, count)]]);
    expect(who({ ended: ended(30) })).toEqual(new Set(['stale']));
    const plan = planOf(sessions, 100, { ...NEW_TO_ALL, ended: ended(30) });
    expect(plan.spared.filter(({ reason }) => reason === 'refills-at-once')).toHaveLength(35);
    // When half of them come back, ending them still helps: the consumer furthest from its usual number stays first.
    expect(who({ ended: ended(60) })).toEqual(new Set(['pool']));
  });
});

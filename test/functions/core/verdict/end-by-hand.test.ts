import { expect, it } from 'vitest';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { policy } from '../../../../functions/core/policy/policy.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { NO_USUAL, type Usual } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { endByHand } from '../../../../functions/core/verdict/end-by-hand.ts';
import { active, aSession, aSnapshot, many, waiter } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

const idleOf = (application: string, sessions: number, from: number) =>
  many(sessions, from, (id) => aSession(id, { application, stateMs: 20 * 60_000 }));
const usually = (all: number) => aUsual(all, 2, { busy: 0 });
const USUAL: Usual = { ...NO_USUAL, basis: 'profile', consumers: { 'app/shop': usually(50), 'app/jobs': usually(20) } };

/** No budget is left, as when a leak goes on. */
function linesFor(sessions: readonly Session[]): string[] {
  const history = { ...NO_HISTORY, usual: USUAL, countedIncident: 1_000 };
  const settings = { policy: policy.parse({}), mode: 'act' as const };
  return endByHand(diagnoseSnapshot(aSnapshot(100, sessions), settings, history), { id: 'orders' });
}

const command = (application: string) =>
  `npx --no headroom end --user app --application ${application} --why "…" --target orders`;

it('points at what is over its usual number, though a healthy pool is larger', () => {
  const lines = linesFor([...idleOf('shop', 50, 1), ...idleOf('leaky', 45, 101)]);
  expect(lines).toEqual([`to end 45 idle sessions of app/leaky now: ${command('leaky')}`]);
});

it('points at what is as usual only where the rest does not suffice, and says that it is', () => {
  const atUsual = 'its consumer holds no more than is usual';
  const working = many(25, 201, (id) => active(id, { application: 'web' }));
  expect(linesFor([...idleOf('shop', 50, 1), ...idleOf('leaky', 20, 101), ...working])).toEqual([
    `to end 20 idle sessions of app/leaky now: ${command('leaky')}`,
    `to end 50 idle sessions of app/shop (${atUsual}) now: ${command('shop')}`,
  ]);
  expect(linesFor([...idleOf('shop', 50, 1), ...idleOf('jobs', 20, 101), ...working]).at(0)).toBe(
    `to end 50 idle sessions of app/shop (${atUsual}) now: ${command('shop')}`,
  );
});

it('leaves a healthy pool alone where clients that hang take what comes free', () => {
  const hanging = many(40, 102, (id) => waiter(id, [101], { application: 'readers' }));
  expect(linesFor([...idleOf('shop', 50, 1), active(101, { application: 'admin' }), ...hanging])).toEqual([]);
});

it('does not take a pool for suspect that has one odd session', () => {
  const forgotten = aSession(300, { application: 'shop', state: 'idle-in-transaction', stateMs: 50 * 60_000 });
  const lines = linesFor([...idleOf('shop', 50, 1), forgotten, ...idleOf('leaky', 45, 101)]);
  expect(lines[0]).toContain('of app/leaky now');
});

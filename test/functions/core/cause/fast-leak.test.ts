import { expect, it } from 'vitest';
import { NO_CONTEXT } from '../../../../functions/core/cause/facts.ts';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { policy } from '../../../../functions/core/policy/policy.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { NO_USUAL, type Usual } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { seenAt } from '../../../support/a-sample.ts';
import { aSession, aSnapshot, endedAt, many } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

/** As a real HikariCP pool of 50 stood beside an application that leaks 60 connections within half a minute. */
const { at: NOW, activity } = aSnapshot(97, []);
const pool = many(50, 1, (id) => aSession(id, { application: 'shop', connectedMs: 600_000, stateMs: 400 * id }));
const usually = (all: number) => aUsual(all, 2, { busy: 0 });
const USUAL: Usual = { ...NO_USUAL, basis: 'samples', consumers: { 'app/shop': usually(50) }, over: ['app/leaky'] };
const settings = { policy: policy.parse({}), mode: 'act' as const };

/** Eight seconds after 27 of the leaked sessions were ended: 18 are left, and 17 came since. */
const left = many(18, 101, (id) => aSession(id, { application: 'leaky', connectedMs: 14_000, stateMs: 13_900 }));
const came = many(17, 201, (id) => aSession(id, { application: 'leaky', connectedMs: 6_000, stateMs: 5_900 }));

function diagnose(sessions: readonly Session[], opened: number, ended: number, agoMs = 8_000) {
  const samples = [
    seenAt(NOW - 120_000, 51, { used: 51, activity: { ...activity, sessionsOpened: 1_000 } }),
    seenAt(NOW - 40_000, 51, { used: 51, activity: { ...activity, sessionsOpened: 1_080 } }),
  ];
  const snapshot = aSnapshot(97, sessions, { used: 86, activity: { ...activity, sessionsOpened: 1_080 + opened } });
  const history = {
    ...NO_HISTORY,
    usual: USUAL,
    since: NOW - agoMs - 2_000,
    ended: new Map(ended === 0 ? [] : [['app/leaky', endedAt(NOW - agoMs, ended)]]),
  };
  return diagnoseSnapshot(snapshot, settings, history, { context: { ...NO_CONTEXT, samples } });
}

it('sessions that Headroom has ended are none that come and go', () => {
  const { cause, facts } = diagnose([...pool, ...left, ...came], 102, 27);
  // Of 102 that were opened, 35 have stayed and 27 would have.
  expect(facts.trend?.turnover).toBeCloseTo(40 / 102);
  expect(cause.name).toBe('connection-leak');
});

it('a leak on a server that does not show when sessions came is not one of pools that are used', () => {
  // As MariaDB shows it by looks 30 s apart: they came in the 30 s before the first of the last two.
  const shown = { connectedMs: 60_000, leastConnectedMs: 30_000 };
  const leaked = many(45, 101, (id) =>
    aSession(id, { application: 'leaky', ...shown, stateMs: 31_000 + 600 * (id - 101) }),
  );
  const { name, evidence } = diagnose([...pool, ...leaked], 80, 0).cause;
  expect(name).toBe('connection-leak');
  expect(evidence.join()).not.toContain('used again and again');
});

it('a pool that lent each of its sessions once, up to half a minute after it had opened them, does not use them', () => {
  // HikariCP opened 45 within seconds, its application took one each 0.4 s, and nothing has happened for ten seconds.
  const lent = (id: number, connectedMs: number) =>
    aSession(id, { application: 'leaky', connectedMs, stateMs: connectedMs - 400 * (id % 50) });
  const leaked = many(33, 101, (id) => lent(id, 30_000));
  const back = many(12, 201, (id) => lent(id, 22_000));
  expect(diagnose([...pool, ...leaked], 60, 0).cause.name).toBe('connection-leak');
  expect(diagnose([...pool, ...leaked, ...back], 60, 12, 23_000).cause.name).toBe('connection-leak');
  const inUse = leaked.map((session, index) => (index < 5 ? { ...session, stateMs: 1_000 * index } : session));
  expect(diagnose([...pool, ...inUse, ...back], 60, 12, 23_000).cause.name).toBe('pool-oversubscription');
});

it('sessions that leave by themselves, as many as come, are one', () => {
  const stormy = many(35, 101, (id) => aSession(id, { application: 'leaky', connectedMs: 4_000, stateMs: 3_000 }));
  expect(diagnose([...pool, ...stormy], 300, 0).cause.name).toBe('connection-storm');
});

import { describe, expect, it } from 'vitest';
import { readLockQueues } from '../../../../functions/core/server/locks.ts';
import { readReturns, type Ended } from '../../../../functions/core/server/returns.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { describeDepartures } from '../../../../functions/core/usual/departure-words.ts';
import { readDepartures } from '../../../../functions/core/usual/departure.ts';
import { JUST_LOOKED } from '../../../../functions/core/usual/turnover.ts';
import { NO_USUAL, type Usual, type UsualCount } from '../../../../functions/core/usual/usual.ts';
import { active, aPolicy, aSession, endedAt, inTransaction, many, waiter } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

const MINUTE = 60_000;
const usually = (all: number, changed: Partial<UsualCount> = {}) => aUsual(all, 3, changed);

function departuresOf(
  sessions: readonly Session[],
  consumers: Usual['consumers'],
  changed: Partial<Usual> = {},
  { need = 0, isRefused = false, ended = new Map<string, Ended>() } = {},
) {
  const usual: Usual = { ...NO_USUAL, basis: 'profile', consumers, ...changed };
  return readDepartures(sessions, usual, {
    locks: readLockQueues(sessions),
    policy: aPolicy(),
    isRefused,
    need,
    since: { ...JUST_LOOKED, ended },
  });
}

const idsOf = (suspects: ReadonlyMap<Session, unknown>) =>
  [...suspects.keys()].map(({ identity }) => identity.id).sort((a, b) => a - b);

describe('who departs from usual', () => {
  const pool = many(50, 1, (id) => aSession(id, { application: 'checkout' }));
  const queries = many(58, 101, (id) => active(id, { application: 'analytics', queryMs: 37_000 }));
  const known = { 'app/checkout': usually(50), 'app/analytics': usually(2, { low: 0, busy: 2 }) };

  it('is the consumer that holds more than it usually does, however young its sessions are', () => {
    const { suspects, consumers, standingOf } = departuresOf([...pool, ...queries], known);
    expect(suspects.size).toBe(56);
    expect(consumers[0]).toMatchObject({ name: 'app/analytics', excess: 56 });
    expect(pool.map(standingOf).every((standing) => standing === 'usual')).toBe(true);
  });

  it('is told to people with numbers', () => {
    expect(describeDepartures(departuresOf([...pool, ...queries], known))).toEqual([
      'app/analytics holds 58, usually 0 to 2; app/checkout holds 50, as usual (by its profile)',
    ]);
  });

  it('is nobody who only has a little more than usual', () => {
    expect(departuresOf(pool, { 'app/checkout': usually(48) }).suspects.size).toBe(0);
  });

  it('is nobody whose excess is too small to be why the server is full, unless it was so from the beginning', () => {
    const few = many(6, 901, (id) => aSession(id, { application: 'mailer' }));
    const all = { ...known, 'app/mailer': usually(1) };
    const isSuspect = ({ suspects }: { suspects: ReadonlyMap<Session, unknown> }) =>
      few.some((session) => suspects.has(session));
    expect(isSuspect(departuresOf(few, all))).toBe(true);
    expect(isSuspect(departuresOf([...queries, ...few], all))).toBe(false);
    expect(isSuspect(departuresOf([...queries, ...few], all, { over: ['app/mailer'] }))).toBe(true);
    expect(isSuspect(departuresOf(few, all, {}, { need: 60 }))).toBe(false);
    expect(departuresOf([...queries, ...few], all).consumers.find(({ name }) => name === 'app/mailer')?.excess).toBe(0);
  });

  it('is an application without a name at all of its addresses, however little it has grown at each', () => {
    const atEach = (application: string) =>
      many(10, 801, (id) => id).flatMap((first) =>
        many(8, 10 * first, (id) => aSession(id, { user: 'gateway', application, client: `10.0.1.${first}` })),
      );
    const unnamed = atEach('');
    const half = Object.fromEntries(many(10, 801, (id) => [`gateway/@10.0.1.${id}`, usually(4)]));
    expect(departuresOf(unnamed, half, {}, { need: 60 }).suspects.size).toBe(40);
    // One address of ten: a fifteenth of what must come free.
    const few = { ...half, ...Object.fromEntries(many(9, 801, (id) => [`gateway/@10.0.1.${id}`, usually(8)])) };
    expect(departuresOf(unnamed, few, {}, { need: 60 }).suspects.size).toBe(0);
  });

  it('is an application without a name that is new at every address, with one session at each', () => {
    const atEach = many(9, 801, (id) => inTransaction(id, { user: 'alerts', application: '', client: `10.0.1.${id}` }));
    expect(departuresOf([...pool, ...atEach], known, {}, { need: 10 }).suspects.size).toBe(9);
    expect(departuresOf([...pool, ...atEach.slice(0, 2)], known, {}, { need: 2 }).suspects.size).toBe(0);
    // Some come by a socket and have none.
    const bySocket = many(2, 901, (id) => inTransaction(id, { user: 'alerts', application: '', client: null }));
    expect(departuresOf([...pool, ...atEach, ...bySocket], known, {}, { need: 10 }).suspects.size).toBe(11);
    // A function that runs at another address each time, and is usual.
    expect(
      departuresOf([...pool, ...atEach], known, { users: { alerts: { all: 9, long: 9 } } }, { need: 10 }).suspects.size,
    ).toBe(0);
    expect(departuresOf([...pool, ...atEach], known, { unnamed: 1 }, { need: 10 }).suspects.size).toBe(0);
  });

  it('is seen to be one only if it was over its usual number when the incident began, or fills a server that refuses clients', () => {
    const few = many(9, 801, (id) => aSession(id, { application: 'mailer' }));
    const firstLook = { at: 0, newestId: 800, atRest: {} };
    const kindsOf = (over: string[], isRefused = false, need = 18) => [
      ...new Set(
        [...departuresOf(few, {}, { firstLook, over }, { need, isRefused }).suspects.values()].map(({ of }) => of),
      ),
    ];
    expect(kindsOf(['app/mailer'])).toEqual(['excess']);
    expect(kindsOf([])).toEqual(['newcomer']);
    expect(kindsOf([], true)).toEqual(['excess']);
    // Less than half of what must come free is not what fills the server.
    expect(kindsOf([], true, 19)).toEqual(['newcomer']);
  });

  it('is no consumer that has not grown for days where another of the same user has, just now', () => {
    const old = many(4, 1, (id) => aSession(id, { application: 'old', connectedMs: 9e6, stateMs: 9e6 - 1 }));
    const now = many(30, 101, (id) => aSession(id, { application: 'now' }));
    const consumers = { 'app/old': usually(4, { long: 0 }), 'app/now': usually(4) };
    const forgotten = (users: Usual['users']) =>
      idsOf(departuresOf([...old, ...now], consumers, { users }, { need: 26 }).suspects).filter((id) => id < 100);
    expect(forgotten({ app: { all: 8, long: 8 } })).toEqual([]);
    expect(forgotten({ app: { all: 8, long: 4 } })).toEqual([1, 2, 3, 4]);
  });

  it('is no consumer whose user holds what it usually does: a deploy gives new names', () => {
    const users = { app: { all: 50, long: 50 } };
    expect(departuresOf(pool, {}, { users }).suspects.size).toBe(0);
    expect(departuresOf(pool, {}).suspects.size).toBe(50);
  });

  it('leaves the older sessions of a pool that keeps its own, and takes the later ones that were used only once', () => {
    const kept = many(10, 1, (id) => aSession(id, { connectedMs: 60 * MINUTE, stateMs: 1_000 * id }));
    const leaked = many(40, 101, (id) => aSession(id, { connectedMs: 2 * MINUTE, stateMs: 2 * MINUTE - 50 }));
    expect(idsOf(departuresOf([...kept, ...leaked], { 'app/web': usually(10) }).suspects)).toEqual(
      many(40, 101, (id) => id),
    );
  });

  it('leaves the usual long queries that ran before the others came', () => {
    const usual = many(4, 1, (id) => active(id, { queryMs: 20 * MINUTE }));
    const runaway = many(40, 101, (id) => active(id, { queryMs: MINUTE + id }));
    const known4 = { 'app/web': usually(4, { idle: 0, busy: 4 }) };
    expect(idsOf(departuresOf([...usual, ...runaway], known4).suspects)).toEqual(many(40, 101, (id) => id));
  });

  it('is nobody whose short work has grown: its idle sessions are between two uses', () => {
    const working = many(60, 1, (id) => active(id, { queryMs: 40 }));
    const between = many(40, 101, (id) => aSession(id, { stateMs: 20_000 }));
    expect(departuresOf([...working, ...between], { 'app/web': usually(50) }).suspects.size).toBe(0);
  });

  it('are those of a pool at work that have been idle for longer than it takes to need them', () => {
    const working = many(39, 1, (id) => active(id, { queryMs: 40 }));
    const leaked = many(11, 101, (id) => aSession(id, { connectedMs: 10 * MINUTE, stateMs: 10 * MINUTE - 50 }));
    const between = many(10, 201, (id) => aSession(id, { connectedMs: 60 * MINUTE, stateMs: 20_000 }));
    const web = { 'app/web': usually(42, { idle: 10, busy: 30 }) };
    expect(idsOf(departuresOf([...working, ...leaked, ...between], web).suspects)).toEqual(many(11, 101, (id) => id));
  });

  it('are idle sessions of a pool that is seen now idle, now busy: never both at once', () => {
    const working = many(39, 1, (id) => active(id, { queryMs: 40 }));
    const leaked = many(14, 101, (id) => aSession(id, { stateMs: 10 * MINUTE, connectedMs: null }));
    const web = { 'app/web': usually(42, { idle: 38, busy: 42 }) };
    expect(departuresOf([...working, ...leaked], web).suspects.size).toBe(11);
    expect(departuresOf([...working, ...leaked.slice(3)], web).suspects.size).toBe(8);
    const runaway = many(30, 201, (id) => active(id, { queryMs: MINUTE }));
    const rest = many(50, 301, (id) => aSession(id));
    const { suspects } = departuresOf([...runaway, ...rest], { 'app/web': usually(50, { idle: 50, busy: 3 }) });
    expect(idsOf(suspects)).toEqual(many(27, 201, (id) => id));
  });

  it('is nobody new that came within minutes, where the profile misses what comes in bursts', () => {
    const burst = many(30, 101, (id) => active(id, { application: 'cron', connectedMs: MINUTE, queryMs: MINUTE }));
    const old = burst.map((session, index) => (index === 0 ? { ...session, connectedMs: 16 * MINUTE } : session));
    const missing = (sessions: readonly Session[], usual: Partial<Usual>) =>
      departuresOf([...pool, ...sessions], known, usual, { need: 20 }).suspects.size;
    expect([missing(burst, { missesBursts: true }), missing(burst, {}), missing(old, { missesBursts: true })]).toEqual([
      0, 30, 30,
    ]);
  });

  it('are transactions left open in a pool no larger than usual, and what waits behind them', () => {
    const open = many(20, 1, (id) => inTransaction(id));
    const rest = many(30, 101, (id) => aSession(id));
    const { suspects } = departuresOf([...open, ...rest], { 'app/web': usually(50) });
    expect(new Set([...suspects.values()].map(({ of }) => of))).toEqual(new Set(['forgotten']));
    expect(idsOf(suspects)).toEqual(many(20, 1, (id) => id));
  });

  it('are no transactions of a pool at its usual number that has opened again what it lost', () => {
    const sessions = [...many(20, 1, (id) => inTransaction(id)), ...many(30, 101, (id) => aSession(id))];
    const suspectsAfter = (ended: number, present = sessions) =>
      departuresOf(present, { 'app/web': usually(50) }, {}, { ended: new Map([['app/web', endedAt(0, ended)]]) })
        .suspects.size;
    expect([0, 2, 3, 20].map((ended) => suspectsAfter(ended))).toEqual([20, 20, 0, 0]);
    // It has come back to 40 of its 50 only, so 20 that were ended have given slots back.
    expect(suspectsAfter(20, sessions.slice(0, 40))).toBe(20);
  });

  it('is a root blocker, whoever it belongs to', () => {
    const root = active(1, { application: 'checkout', transactionMs: MINUTE });
    const queue = many(5, 2, (id) => waiter(id, [1], { application: 'checkout' }));
    const { suspects, departed } = departuresOf([root, ...queue], { 'app/checkout': usually(50, { busy: 50 }) });
    expect(idsOf(suspects)).toEqual([1]);
    expect(departed.size).toBe(6);
  });

  it('are sessions forgotten over days, though the last day knows no better', () => {
    const leaked = many(40, 1, (id) => aSession(id, { connectedMs: 60 * 60 * MINUTE, stateMs: 60 * 60 * MINUTE - 50 }));
    const { suspects } = departuresOf(leaked, { 'app/web': usually(40, { long: 5 }) });
    expect(suspects.size).toBe(35);
    expect([...suspects.values()][0]).toMatchObject({ of: 'forgotten' });
  });
});

it('a pool that fills up to its usual number after an act has not come back', () => {
  const sessions = many(50, 1, (id) => aSession(id, { connectedMs: 2_000 }));
  const ended = new Map([['app/web', endedAt(-3_000, 20)]]);
  expect(readReturns(sessions, 0, ended).back).toBe(20);
  expect(readReturns(sessions, 0, ended, { isAtUsual: () => true, isKnown: true })).toMatchObject({
    back: 0,
    refilling: 0,
    vainSince: null,
  });
});

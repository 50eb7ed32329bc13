import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../../../../functions/core/server/session.ts';
import { rememberLooks } from '../../../../../functions/engines/shared/looks/earlier-looks.ts';
import { active, aSession, inTransaction } from '../../../../support/a-session.ts';

const at = (now: number) => ({ askedAt: now, answeredAt: now });
const MINUTE = 60_000;

/** What is known of each of these, looked at one after the other; the numbers are when. */
function known(...looks: readonly (readonly [number, Session])[]): (number | null)[] {
  const remembered = rememberLooks();
  return looks.map(([now, session]) => remembered.checkAll([session], at(now))[0]?.stateMs ?? null);
}
const idle = (stateMs: number, connectedMs: number | null = null) =>
  aSession(1, { connectedMs, stateMs, queryMs: stateMs });

describe('an age is known', () => {
  it('when it grows with the clock, or has begun since the last look', () => {
    expect(known([0, idle(5 * MINUTE)], [MINUTE, idle(6 * MINUTE)], [2 * MINUTE, idle(1_000)])).toEqual([
      5 * MINUTE,
      6 * MINUTE,
      1_000,
    ]);
  });

  it('not when it reaches back before a look that showed something else', () => {
    const looks = [[0, idle(1_000)] as const, [10_000, idle(5 * MINUTE)] as const];
    expect(known(...looks)).toEqual([1_000, null]);
    // Saying it again makes it no surer; something new does.
    expect(known(...looks, [20_000, idle(5 * MINUTE + 10_000)], [30_000, idle(500)])).toEqual([1_000, null, null, 500]);
    expect(known([0, active(1)], [10_000, idle(MINUTE)])).toEqual([1_000, null]);
  });

  it('again when it goes on as before, whatever was said in between', () => {
    expect(known([0, idle(MINUTE)], [10_000, idle(9 * MINUTE)], [20_000, idle(MINUTE + 20_000)])).toEqual([
      MINUTE,
      null,
      MINUTE + 20_000,
    ]);
  });

  it('not when it is negative, or longer than the session has been connected', () => {
    expect(known([0, idle(-1)])).toEqual([null]);
    expect(known([0, idle(2 * MINUTE, MINUTE)])).toEqual([null]);
    expect(known([0, idle(MINUTE, MINUTE)])).toEqual([MINUTE]);
  });

  it('of a query, a transaction and a wait as well', () => {
    const remembered = rememberLooks();
    const look = (session: Session, now: number) => remembered.checkAll([session], at(now))[0];
    const first = inTransaction(1, { connectedMs: null, stateMs: 0, queryMs: 0, transactionMs: 2_000 });
    expect(look(first, 0)).toMatchObject({ stateMs: 0, queryMs: 0, transactionMs: 2_000 });
    const second = { ...first, stateMs: 10_000, queryMs: MINUTE, transactionMs: MINUTE };
    expect(look(second, 10_000)).toMatchObject({ stateMs: 10_000, queryMs: null, transactionMs: null });
    const waiting = { ...second, connectedMs: 30_000, lockWaitMs: MINUTE };
    expect(look(waiting, 12_000)?.lockWaitMs).toBe(0);
  });

  it('of a single session as the last look at all of them has it', () => {
    const remembered = rememberLooks();
    remembered.checkAll([idle(1_000)], at(0));
    expect(remembered.check(idle(5 * MINUTE), at(5_000)).stateMs).toBeNull();
    expect(remembered.check(idle(6_000), at(5_000)).stateMs).toBe(6_000);
    expect(remembered.check(aSession(2), at(5_000)).stateMs).toBe(600_000);
  });

  it('on an honest server always: however slow it answers, and whether it counts seconds or less', () => {
    const life = fc.array(fc.record({ idleMs: fc.nat(90_000), busyMs: fc.nat(9_000) }), {
      minLength: 1,
      maxLength: 12,
    });
    const looks = fc.array(fc.record({ afterMs: fc.nat(40_000), answerMs: fc.nat(4_000), share: fc.nat(100) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(life, looks, fc.constantFrom(1, 1_000), (turns, steps, precisionMs) => {
        const remembered = rememberLooks();
        let now = 1_000_000;
        for (const { afterMs, answerMs, share } of steps) {
          const askedAt = now + afterMs;
          const seenAt = askedAt + (answerMs * share) / 100;
          now = askedAt + answerMs;
          const { state, since } = stateAt(turns, seenAt);
          const stateMs = Math.floor((seenAt - since) / precisionMs) * precisionMs;
          const session = aSession(1, { state, stateMs, queryMs: stateMs, connectedMs: null });
          const checked = remembered.checkAll([session], { askedAt, answeredAt: now });
          expect(checked).toEqual([session]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function stateAt(turns: readonly { readonly idleMs: number; readonly busyMs: number }[], now: number) {
  let since = 1_000_000;
  for (const { idleMs, busyMs } of turns) {
    if (now < since + idleMs) return { state: 'idle' as const, since };
    if (now < since + idleMs + busyMs) return { state: 'active' as const, since: since + idleMs };
    since += idleMs + busyMs;
  }
  return { state: 'idle' as const, since };
}

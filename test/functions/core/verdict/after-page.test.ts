import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { TIER_NAMES } from '../../../../functions/core/policy/tier-names.ts';
import type { Escalation } from '../../../../functions/core/record/escalation.ts';
import type { Incident } from '../../../../functions/core/record/incident.ts';
import type { Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { judgeAfterPage, type Look } from '../../../../functions/core/verdict/after-page.ts';
import type { Situation, Verdict } from '../../../../functions/core/verdict/situation.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, many } from '../../../support/a-session.ts';
import { anIncident } from '../../../support/an-incident.ts';

const MINUTE = 60_000;
const PAGED_AT = 10 * MINUTE;

function withSessions(count: number, changed: Partial<Snapshot> = {}): Snapshot {
  const sessions = many(count, 1, (id) => active(id));
  return { ...aSnapshot(100, sessions), ...changed };
}
const full: Look = { snapshot: withSessions(100), pressing: true, soon: null };
const calm: Look = { snapshot: withSessions(60), pressing: false, soon: null };
const lockedOut: Look = { snapshot: null, pressing: true, soon: null };
const page: Escalation = {
  reason: 'nothing left',
  advice: [],
  at: PAGED_AT,
  staysUntil: PAGED_AT + 60 * MINUTE,
  state: 'pressing',
};

const stuck: Verdict = { next: 'escalate', why: 'nothing may be ended', advice: ['look'] };
const settling: Verdict = { next: 'settle', why: 'checking again' };

function situationOf(
  changed: Partial<Incident> & { loop?: Partial<Policy['loop']> } = {},
  { minutes = 1, ...rest }: Partial<Situation> & { minutes?: number } = {},
): Situation {
  const { loop, ...incident } = changed;
  const policy = aPolicy({ loop: { ...aPolicy().loop, ...loop } });
  return {
    incident: anIncident({ target: aTarget({ policy }), escalation: page, rounds: 5, ...incident }),
    now: PAGED_AT + minutes * MINUTE,
    pauses: [],
    emptyRounds: 0,
    stayedRounds: 0,
    countedRounds: 5,
    hasActed: false,
    limited: [],
    refused: null,
    isWorsening: false,
    actedLately: {},
    approvals: [],
    ...rest,
  };
}

describe('the first page', () => {
  const unpaged = { escalation: null };

  it('says what people know by it, until when the incident stays, and when it looks again', () => {
    const verdict = judgeAfterPage(stuck, full, situationOf(unpaged));
    const staysUntil = PAGED_AT + 61 * MINUTE;
    expect(verdict).toEqual({ ...stuck, page: { state: 'pressing', staysUntil, staySeconds: 10 } });
    expect(judgeAfterPage(stuck, lockedOut, situationOf(unpaged))).toMatchObject({ page: { state: 'locked-out' } });
    expect(judgeAfterPage(stuck, calm, situationOf(unpaged))).toMatchObject({ page: { state: 'calm' } });
  });

  it('ends the incident where the policy wants no staying', () => {
    const verdict = judgeAfterPage(stuck, full, situationOf({ ...unpaged, loop: { stayMinutes: 0 } }));
    expect(verdict).toMatchObject({ next: 'escalate', page: { staysUntil: null, staySeconds: 0 } });
  });

  it('says what time alone will make possible', () => {
    const soon = { tier: 'cancel-long', sessions: 16, inMs: 240_000, ageMs: 60_000 } as const;
    const { why } = judgeAfterPage(stuck, { ...full, soon }, situationOf(unpaged));
    expect(why).toBe('nothing may be ended; cancel-long may end 16 sessions in 240 s');
  });

  it('changes nothing else', () => {
    const verdicts: Verdict[] = [
      { next: 'kill-idle', why: '' },
      settling,
      { next: 'close', outcome: 'observed', why: '' },
      { next: 'confirm', outcome: 'not-needed', why: '' },
    ];
    for (const verdict of verdicts) expect(judgeAfterPage(verdict, full, situationOf(unpaged))).toBe(verdict);
  });
});

describe('after a page', () => {
  it('whatever became permissible is done', () => {
    for (const next of ['kill-idle', 'cancel-long', 'watch'] as const) {
      expect(judgeAfterPage({ next, why: '' }, full, situationOf())).toEqual({ next, why: '' });
    }
  });

  it('looks come at growing intervals, up to a minute', () => {
    const waits = [0, 1, 2, 3, 4, 99].map((stayedRounds) => {
      const verdict = judgeAfterPage(stuck, full, situationOf({}, { stayedRounds }));
      return verdict.next === 'stay' ? verdict.staySeconds : verdict.next;
    });
    expect(waits).toEqual([10, 20, 40, 60, 60, 60]);
  });

  it('the next look comes when a suspect is old enough, if that is sooner', () => {
    const wait = (inMs: number, stayedRounds: number) =>
      judgeAfterPage(
        stuck,
        { ...full, soon: { tier: 'kill-idle', sessions: 2, inMs, ageMs: 60_000 } },
        situationOf({}, { stayedRounds }),
      );
    expect(wait(23_400, 9)).toMatchObject({ next: 'stay', staySeconds: 24 });
    expect(wait(0, 9)).toMatchObject({ staySeconds: 1 });
    expect(wait(500_000, 0)).toMatchObject({ staySeconds: 10 });
  });

  it('a pause that came meanwhile and a verdict to wait keep it open too', () => {
    expect(judgeAfterPage({ next: 'close', outcome: 'observed', why: 'paused' }, full, situationOf()).next).toBe(
      'stay',
    );
    expect(judgeAfterPage(settling, full, situationOf()).next).toBe('stay');
  });

  it('nobody is paged again for the same, and once more when it has become worse', () => {
    expect(judgeAfterPage(stuck, full, situationOf()).next).toBe('stay');
    expect(judgeAfterPage(stuck, lockedOut, situationOf())).toMatchObject({
      next: 'escalate',
      page: { state: 'locked-out', staysUntil: PAGED_AT + 60 * MINUTE },
    });
    const twice = situationOf({ escalation: { ...page, changedAt: PAGED_AT } });
    expect(judgeAfterPage(stuck, lockedOut, twice).next).toBe('stay');
    const worst = situationOf({ escalation: { ...page, state: 'locked-out' } });
    expect(judgeAfterPage(stuck, full, worst).next).toBe('stay');
  });

  it('a server under the trigger again is relief, to be confirmed, by whatever it came', () => {
    const verdicts: Verdict[] = [stuck, settling, { next: 'confirm', outcome: 'not-needed', why: '' }];
    for (const verdict of verdicts) {
      expect(judgeAfterPage(verdict, calm, situationOf())).toMatchObject({ next: 'confirm', outcome: 'relieved' });
    }
    const held: Verdict = { next: 'close', outcome: 'relieved', why: 'held' };
    expect(judgeAfterPage(held, calm, situationOf())).toBe(held);
  });

  it('nothing is good while the canary is refused', () => {
    const refusal = { kind: 'authentication', code: '28P01', message: 'wrong password' } as const;
    const look = { ...calm, snapshot: withSessions(60, { canary: { result: 'refused', refusal } }) };
    expect(judgeAfterPage(stuck, look, situationOf()).next).toBe('stay');
  });

  it('the incident ends as escalated when its time or its rounds are up', () => {
    expect(judgeAfterPage(stuck, full, situationOf({}, { minutes: 59.9 })).next).toBe('stay');
    const late = judgeAfterPage(stuck, full, situationOf({}, { minutes: 60 }));
    expect(late).toMatchObject({ next: 'close', outcome: 'escalated' });
    expect(late.why).toBe('its time is up, 60 min after a person was paged; nothing may be ended');
    expect(judgeAfterPage(stuck, full, situationOf({ rounds: 999 })).next).toBe('stay');
    expect(judgeAfterPage(stuck, full, situationOf({ rounds: 1_000 }))).toMatchObject({ outcome: 'escalated' });
    for (const reliefAt of [null, PAGED_AT]) {
      expect(judgeAfterPage({ next: 'watch', why: '' }, calm, situationOf({ rounds: 1_000, reliefAt }))).toMatchObject({
        next: 'close',
        outcome: reliefAt === null ? 'escalated' : 'relieved',
      });
    }
    // Nothing is begun any more, and relief is relief.
    for (const next of ['kill-idle', 'cancel-long'] as const) {
      expect(judgeAfterPage({ next, why: '' }, full, situationOf({}, { minutes: 60 }))).toMatchObject({
        next: 'close',
      });
    }
    expect(judgeAfterPage(settling, calm, situationOf({}, { minutes: 99 }))).toMatchObject({ outcome: 'relieved' });
  });

  it('ends when a person closes it, and says who did', () => {
    const closing = { by: 'ann', at: 0, note: 'failed over' };
    const act: Verdict = { next: 'kill-idle', why: '' };
    expect(judgeAfterPage(act, full, situationOf({ closing }))).toEqual({
      next: 'close',
      outcome: 'escalated',
      why: 'closed by ann: failed over',
    });
    const watched = situationOf({ closing, reliefAt: PAGED_AT });
    expect(judgeAfterPage({ next: 'watch', why: '' }, calm, watched)).toMatchObject({ outcome: 'relieved' });
    // Also before any page.
    expect(judgeAfterPage(settling, full, situationOf({ closing, escalation: null })).next).toBe('close');
  });
});

it('after a page every look waits, acts, asks, sees relief or ends, and the same is paged for once at most', () => {
  const words = fc.constant('why');
  const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
    fc.record({ next: fc.constantFrom(...TIER_NAMES), why: words }),
    fc.record({ next: fc.constant('settle' as const), why: words }),
    fc.record({ next: fc.constant('watch' as const), why: words }),
    fc.record({ next: fc.constant('escalate' as const), why: words, advice: fc.constant([]) }),
    fc.record({
      next: fc.constant('confirm' as const),
      outcome: fc.constantFrom('relieved', 'not-needed'),
      why: words,
    }),
    fc.record({
      next: fc.constant('close' as const),
      outcome: fc.constantFrom('relieved', 'observed'),
      why: words,
    }),
  );
  const soon = fc.option(
    fc.record({
      tier: fc.constantFrom(...TIER_NAMES),
      sessions: fc.nat(50),
      inMs: fc.nat(1_000_000),
      ageMs: fc.nat(60_000),
    }),
  );
  const looks: fc.Arbitrary<Look> = fc
    .tuple(fc.constantFrom(full, calm, lockedOut), soon)
    .map(([look, coming]) => ({ ...look, soon: coming }));
  const states = fc.constantFrom('calm', 'pressing', 'locked-out', 'limit-needed');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(verdicts, looks), { minLength: 1, maxLength: 30 }),
      fc.record({ state: states, settleSeconds: fc.integer({ min: 1, max: 60 }), rounds: fc.nat(1_100) }),
      (turns, { state, settleSeconds, rounds }) => {
        let situation = situationOf({ escalation: { ...page, state }, loop: { settleSeconds }, rounds });
        let pages = 0;
        for (const [verdict, look] of turns) {
          const next = judgeAfterPage(verdict, look, situation);
          expect(next.next).not.toBe('settle');
          if (next.next === 'close') expect(['relieved', 'escalated']).toContain(next.outcome);
          const wait = next.next === 'stay' ? next.staySeconds : next.next === 'escalate' ? next.page?.staySeconds : 1;
          expect(wait).toBeGreaterThanOrEqual(1);
          expect(wait).toBeLessThanOrEqual(60);
          if (next.next === 'close') break;
          if (next.next === 'escalate') {
            pages++;
            situation = {
              ...situation,
              incident: { ...situation.incident, escalation: { ...page, changedAt: situation.now } },
            };
          }
        }
        expect(pages).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 500 },
  );
});

describe('a limit that still holds clients back', () => {
  const limit = { user: 'storm', account: 'storm', limit: 6 };
  const atLimit: Snapshot['atLimit'] = [{ of: 'user', name: 'storm', limit: 6 }];
  const held: Verdict = { next: 'close', outcome: 'relieved', why: 'held for 5 min' };
  const limited: Look = { ...calm, snapshot: withSessions(60, { atLimit }) };
  const situation = (changed: Parameters<typeof situationOf>[0], minutes = 1) =>
    situationOf(changed, { limited: [limit], minutes });

  it('is a choice that a person is paged for, before the incident closes and lets them in', () => {
    const verdict = judgeAfterPage(held, limited, situation({ escalation: null }));
    expect(verdict).toMatchObject({ next: 'escalate', page: { state: 'limit-needed', staySeconds: 10 } });
    expect(verdict.why).toContain('the temporary limit of 6 on storm is in use');
    expect(verdict.next === 'escalate' && verdict.advice.join('\n')).toContain('headroom incidents close ');
    // Also when people were paged for the storm itself.
    expect(judgeAfterPage(held, limited, situation({}))).toMatchObject({ page: { state: 'limit-needed' } });
  });

  it('keeps the incident open until it is needed no more, or time is up', () => {
    const asked = { escalation: { ...page, state: 'limit-needed' } } as const;
    expect(judgeAfterPage(held, limited, situation(asked)).next).toBe('stay');
    expect(judgeAfterPage(held, calm, situation(asked))).toBe(held);
    const relieved = { ...asked, reliefAt: PAGED_AT };
    expect(judgeAfterPage(held, limited, situation(relieved, 60))).toMatchObject({
      next: 'close',
      outcome: 'escalated',
    });
  });

  it.each([
    ['one of its clients has just left, and others came lately', 5, 4_000, 'stay'],
    ['one is missing, and nobody has come for a while', 5, 60_000, 'close'],
    ['clients want clearly fewer', 4, 4_000, 'close'],
  ])('%s', (_, has, connectedMs, next) => {
    const sessions = many(has, 1, (id) => aSession(id, { user: 'storm', connectedMs }));
    const look: Look = { ...calm, snapshot: aSnapshot(60, sessions) };
    const asked = { escalation: { ...page, state: 'limit-needed' } } as const;
    expect(judgeAfterPage(held, look, situation(asked)).next).toBe(next);
  });

  it('counts those who are logging in', () => {
    const sessions = [
      ...many(4, 1, (id) => aSession(id, { user: 'storm', connectedMs: 60_000 })),
      aSession(9, { user: null, state: 'starting', connectedMs: 0 }),
    ];
    const asked = { escalation: { ...page, state: 'limit-needed' } } as const;
    const look: Look = { ...calm, snapshot: aSnapshot(60, sessions) };
    expect(judgeAfterPage(held, look, situation(asked)).next).toBe('stay');
  });

  it('keeps nothing open that has no limit of ours, or a policy without staying', () => {
    expect(judgeAfterPage(held, limited, situationOf())).toBe(held);
    const other: Look = { ...calm, snapshot: withSessions(60, { atLimit: [{ of: 'user', name: 'storm', limit: 9 }] }) };
    expect(judgeAfterPage(held, other, situation({}))).toBe(held);
    expect(judgeAfterPage(held, limited, situation({ escalation: null, loop: { stayMinutes: 0 } }))).toBe(held);
  });
});

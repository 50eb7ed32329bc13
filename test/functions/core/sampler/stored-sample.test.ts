import { describe, expect, it } from 'vitest';
import { figuresOf, hasFailed } from '../../../../functions/core/sampler/figures.ts';
import { storeAnswer } from '../../../../functions/core/sampler/stored-sample.ts';
import { refusedAs, refusedAt, seenAt, unansweredAt } from '../../../support/a-sample.ts';
import { aSnapshot } from '../../../support/a-session.ts';

const TAKING = { at: 1_000, tookMs: 12, inIncident: false };
const ADMISSION = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
const FULL = { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'too many clients' } } as const;

describe('what is kept of a sample', () => {
  it('is how full the server is, what its sessions are at, and how the worker got in', () => {
    const sample = {
      ...aSnapshot(50, []),
      used: 31,
      ownSlots: 1,
      byState: { active: 3, idle: 28 },
      activity: {
        longestQueryMs: 400_000,
        longestTransactionMs: null,
        longQueries: 2,
        blocked: 1,
        sessionsOpened: 77,
        loginsRefused: null,
      },
    };
    const answer = { schema: 1, ok: true, admission: ADMISSION, sample } as const;
    expect(storeAnswer(answer, TAKING)).toEqual({
      ...TAKING,
      result: 'seen',
      isFull: false,
      usage: 60,
      used: 30,
      usable: 50,
      byState: { active: 2, idle: 28 },
      activity: sample.activity,
      consumers: { largest: [], rest: { consumers: 0, sessions: 0 } },
      halfOpen: 0,
      responderSessions: 1,
      refused: null,
      canary: 'admitted',
      admission: 'warm',
      detail: '',
    });
  });

  it('reads as 100% and full when the worker itself is refused as full', () => {
    expect(storeAnswer(refusedAs('full'), TAKING)).toMatchObject({ usage: 100, isFull: true, used: null });
  });

  it('is full, whatever the usage, when ordinary clients are refused as full', () => {
    const answer = {
      schema: 1,
      ok: true,
      admission: ADMISSION,
      sample: { ...aSnapshot(50, []), canary: FULL },
    } as const;
    expect(storeAnswer(answer, TAKING)).toMatchObject({ isFull: true, usage: 0, canary: 'full' });
  });

  it('tells another refusal as what it is, and knows no usage', () => {
    expect(refusedAt(0, 'authentication')).toMatchObject({ isFull: false, usage: null, refused: 'authentication' });
  });

  it('has only a clipped, printable line of what the server said', () => {
    const { detail } = storeAnswer(refusedAs('other', `a\nb\u0000${'x'.repeat(5_000)}`), TAKING);
    expect(detail).toMatch(/^a·b·x+…$/);
    expect(detail.length).toBeLessThanOrEqual(200);
  });
});

describe('the figures', () => {
  const figures = (sample: Parameters<typeof figuresOf>[0]) => Object.fromEntries(figuresOf(sample, 'full'));

  it('tell a server as it was seen, in percent, counts and seconds', () => {
    const activity = {
      longestQueryMs: 1_500,
      longestTransactionMs: null,
      longQueries: 0,
      blocked: 2,
      sessionsOpened: 9,
      loginsRefused: null,
    };
    const byState = { active: 4, idle: 40, 'idle-in-transaction': 5, 'idle-in-transaction-aborted': 1, starting: 2 };
    expect(figures(seenAt(0, 52, { activity, byState, halfOpen: 2 }))).toEqual({
      UsagePercent: 52,
      UsedSlots: 52,
      UsableSlots: 100,
      SessionsActive: 4,
      SessionsIdle: 40,
      SessionsIdleInTransaction: 6,
      LongestQuerySeconds: 1.5,
      LongestTransactionSeconds: 0,
      LongQueries: 0,
      BlockedSessions: 2,
      HalfOpen: 2,
      ResponderSessions: 1,
      Refused: 0,
      SampleFailed: 0,
    });
  });

  it('tell 100% and a refusal of a server that let nobody in, and nothing that nobody saw', () => {
    expect(figures(refusedAt(0, 'full'))).toEqual({ UsagePercent: 100, Refused: 1, SampleFailed: 0 });
  });

  it.each([refusedAt(0, 'network'), refusedAt(0, 'too-late'), unansweredAt(0, 'failed')])(
    'tell that a sample failed, and no usage',
    (sample) => {
      expect(hasFailed(sample)).toBe(true);
      expect(figures(sample)).toEqual({ Refused: 0, SampleFailed: 1 });
    },
  );

  it('tell nothing of a worker that was at an incident', () => {
    expect(figures(unansweredAt(0, 'busy'))).toEqual({});
  });
});

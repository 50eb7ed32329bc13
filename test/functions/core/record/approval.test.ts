import { describe, expect, it } from 'vitest';
import {
  ANSWER_GOOD_FOR_MS,
  deniedTiers,
  describeApproval,
  describeFinally,
  hashSecret,
  isUsable,
  permissionFor,
  waitedForPeopleMs,
} from '../../../../functions/core/record/approval.ts';
import { linkKey, parseLinkKey } from '../../../../functions/core/record/link-key.ts';
import { aDecision, anAnswered, anApproval, aSummary, MINUTE } from '../../../support/an-approval.ts';

const plan = aSummary();
const grown = aSummary({ sessions: 12, consumers: [{ name: 'app/web', sessions: 12 }] });

describe('an answer may be acted on', () => {
  it('once, while it is fresh, and only when it is a yes', () => {
    const yes = anAnswered('approved', MINUTE);
    expect(isUsable(yes, MINUTE)).toBe(true);
    expect(isUsable(yes, MINUTE + ANSWER_GOOD_FOR_MS)).toBe(true);
    expect(isUsable(yes, MINUTE + ANSWER_GOOD_FOR_MS + 1)).toBe(false);
    expect(isUsable({ ...yes, usedInRound: 2 }, MINUTE)).toBe(false);
    expect(isUsable(anAnswered('denied', MINUTE), MINUTE)).toBe(false);
    for (const status of ['pending', 'expired', 'withdrawn'] as const) {
      expect(isUsable(anApproval({ status }), MINUTE)).toBe(false);
    }
  });
});

describe('a tier in mode approve', () => {
  it('asks when nobody has said anything', () => {
    expect(permissionFor(plan, [], 0)).toEqual({ kind: 'ask', why: '' });
  });

  it('acts on a yes to this plan, or to one that takes more', () => {
    const yes = anAnswered('approved', MINUTE, { plan: grown });
    expect(permissionFor(plan, [yes], 2 * MINUTE)).toEqual({ kind: 'granted', why: 'approved by ann' });
  });

  it('asks again when the plan has grown, naming by what', () => {
    const permission = permissionFor(grown, [anAnswered('approved', MINUTE)], 2 * MINUTE);
    expect(permission.kind).toBe('ask');
    expect(permission.why).toContain('since ann approved, the plan has grown (12 sessions instead of 10)');
  });

  it.each([
    ['a yes that was acted on', anAnswered('approved', MINUTE, { usedInRound: 2 })],
    ['a yes to another tier', anAnswered('approved', MINUTE, { plan: aSummary({ tier: 'cancel-long' }) })],
    ['a yes of long ago', anAnswered('approved', 2 * MINUTE - ANSWER_GOOD_FOR_MS - 1)],
    ['a question that was withdrawn', anApproval({ status: 'withdrawn', endedAt: MINUTE })],
  ])('asks anew after %s', (_, approval) => {
    expect(permissionFor(plan, [approval], 2 * MINUTE)).toEqual({ kind: 'ask', why: '' });
  });

  it('asks again once somebody has acknowledged the page that followed a question without an answer', () => {
    const expired = anApproval({ status: 'expired', expiresAt: 15 * MINUTE, endedAt: 15 * MINUTE });
    const asked = (at: number) => permissionFor(plan, [expired], 20 * MINUTE, { by: 'ann', at, note: '' }).kind;
    expect([asked(14 * MINUTE), asked(16 * MINUTE)]).toEqual(['none', 'ask']);
  });

  it('asks nobody after a question that nobody answered', () => {
    const expired = anApproval({ status: 'expired', endedAt: 15 * MINUTE });
    expect(permissionFor(plan, [expired], 15 * MINUTE)).toEqual({
      kind: 'none',
      why: 'nobody answered within 15 min',
    });
  });

  it('asks nobody once people have been waited for an hour in all', () => {
    const answers = [0, 1, 2, 3].map((index) =>
      anAnswered('approved', (16 * index + 15) * MINUTE, { askedAt: 16 * index * MINUTE, usedInRound: index + 2 }),
    );
    expect(permissionFor(plan, answers.slice(0, 3), 60 * MINUTE).kind).toBe('ask');
    expect(permissionFor(plan, answers, 70 * MINUTE)).toMatchObject({ kind: 'none' });
    expect(waitedForPeopleMs(answers, 70 * MINUTE)).toBe(60 * MINUTE);
  });

  it('is out for the incident after a no', () => {
    const no = anAnswered('denied', MINUTE);
    const yes = anAnswered('approved', MINUTE, { plan: aSummary({ tier: 'cancel-long' }) });
    expect(deniedTiers([no, yes])).toEqual(new Set(['kill-idle']));
  });
});

describe('what became of a question', () => {
  it.each([
    [anApproval(), 'kill-idle, 10 sessions: waits for an answer'],
    [anApproval({ status: 'expired', endedAt: 15 * MINUTE }), 'kill-idle, 10 sessions: nobody answered after 15 min'],
    [
      anAnswered('approved', MINUTE, { usedInRound: 2 }),
      'kill-idle, 10 sessions: approved by ann from 192.0.2.7 after 60 s',
    ],
    [
      anAnswered('denied', MINUTE, { decision: aDecision({ via: 'terminal', address: null }) }),
      'kill-idle, 10 sessions: denied by ann at the terminal after 60 s',
    ],
  ])('is told in words: %#', (approval, words) => {
    expect(describeApproval(approval)).toBe(words);
    expect(describeFinally(approval)).toBe(words);
  });

  it('says when a yes was not acted on', () => {
    expect(describeFinally(anAnswered('approved', MINUTE))).toContain('after 60 s, but not acted on');
  });

  it('holds no control characters of a name', () => {
    const decision = aDecision({ by: 'ann\n[Headroom] all clear\u202e' });
    expect(describeApproval(anAnswered('approved', 0, { decision }))).not.toMatch(/[\n\u202e]/);
  });
});

describe('the key of a link', () => {
  const secret = 'a'.repeat(43);

  it('carries which question it is, and the secret', () => {
    const key = linkKey({ incidentId: 'orders-20260101T000000000-abcdef', round: 12 }, secret);
    expect(parseLinkKey(key)).toEqual({ incidentId: 'orders-20260101T000000000-abcdef', round: 12, secret });
  });

  it.each([
    '',
    'x',
    `a.1.${'b'.repeat(19)}`,
    `a#b.1.${secret}`,
    `a.-1.${secret}`,
    `a.1.${secret}\n`,
    `a.1.${secret}.x`,
  ])('%j is none', (text) => {
    expect(parseLinkKey(text)).toBeNull();
  });

  it('leaves of the secret its hash alone', () => {
    expect(hashSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashSecret(secret)).not.toBe(hashSecret(`${secret}b`));
  });
});

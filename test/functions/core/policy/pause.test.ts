import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { modeOfTier } from '../../../../functions/core/plan/tiers/mode-of-tier.ts';
import {
  describePause,
  fullPause,
  isAnyLifted,
  overlaps,
  pauseOn,
  resumeCommandFor,
  scopeInWords,
  underPauses,
} from '../../../../functions/core/policy/pause.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { judgeSnapshot } from '../../../../functions/core/verdict/verdict.ts';
import { aPause, scopesOver } from '../../../support/a-pause.ts';
import { aPolicy, aSession, aSnapshot, aTarget, inTransaction, many } from '../../../support/a-session.ts';
import { anIncident } from '../../../support/an-incident.ts';
import { policies, snapshots } from '../../../support/arbitraries.ts';

const everything = aPause();
const target = aPause({ targetId: 'orders', by: 'bob' });
const tier = aPause({ tier: 'kill-idle', by: 'cid' });
const own = aPause({ targetId: 'orders', tier: 'kill-idle', by: 'dee' });

describe('the pause on a tier', () => {
  it('is the widest that concerns it', () => {
    expect(pauseOn('kill-idle', [own, tier, target, everything])?.by).toBe('ann');
    expect(pauseOn('kill-idle', [own, tier, target])?.by).toBe('bob');
    expect(pauseOn('kill-idle', [own, tier])?.by).toBe('cid');
    expect(pauseOn('break-locks', [own, tier])).toBeNull();
    expect(fullPause([own, tier])).toBeNull();
    expect(fullPause([own, target])?.by).toBe('bob');
  });

  it('is named in words that fit in a record, whoever wrote them', () => {
    expect(describePause(aPause({ until: Date.UTC(2026, 11, 1, 8) }))).toBe(
      'paused by ann until 2026-12-01 08:00:00 UTC: maintenance',
    );
    const hostile = describePause(aPause({ by: 'a\nb'.repeat(99), why: '\u001b[2J\u202e'.repeat(999) }));
    expect(hostile.length).toBeLessThan(260);
    expect(hostile).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect([everything, target, tier, own].map(scopeInWords)).toEqual([
      'everything',
      'orders',
      'kill-idle of every target',
      'kill-idle of orders',
    ]);
    expect([everything, own].map((pause) => resumeCommandFor(pause, undefined))).toEqual([
      'npx --no headroom resume --all',
      'npx --no headroom resume --target orders --tier kill-idle',
    ]);
  });

  it('is lifted when its scope is paused no more, whatever the words', () => {
    expect(isAnyLifted([own], [aPause({ ...own, by: 'eve', until: 5 })])).toBe(false);
    expect(isAnyLifted([own], [tier, everything])).toBe(true);
    expect(isAnyLifted([], [everything])).toBe(false);
  });

  it('meets another where they have a tier of a target in common', () => {
    expect(overlaps(target, tier)).toBe(true);
    expect(overlaps(own, aPause({ targetId: 'other' }))).toBe(false);
    expect(overlaps(own, aPause({ tier: 'cancel-long' }))).toBe(false);
  });

  it('of a cluster concerns every member, and that of a member no other', () => {
    const [cluster, one, two] = ['orders', 'orders/a', 'orders/b'].map((targetId) => aPause({ targetId }));
    if (cluster === undefined || one === undefined || two === undefined) throw new Error('three pauses');
    for (const member of [one, two]) {
      expect(overlaps(cluster, member)).toBe(true);
      expect(overlaps(member, cluster)).toBe(true);
    }
    expect(overlaps(one, two)).toBe(false);
    expect(overlaps(aPause({ targetId: 'order' }), one)).toBe(false);
    expect(overlaps({ ...cluster, tier: 'kill-idle' }, { ...one, tier: 'break-locks' })).toBe(false);
  });
});

describe('a plan under pauses', () => {
  it('has no acting tier that is paused, and keeps every other mode', () => {
    fc.assert(
      fc.property(
        snapshots,
        policies,
        fc.array(scopesOver(['orders']), { maxLength: 4 }),
        (snapshot, policy, scopes) => {
          const pauses = scopes.map((scope) => aPause(scope));
          const settings = underPauses({ policy, mode: 'act' }, pauses);
          for (const { tier: name, mode } of diagnoseSnapshot(snapshot, settings, NO_HISTORY).plan.tiers) {
            const isPaused = scopes.some((scope) => scope.tier === null || scope.tier === name);
            expect(mode).toBe(isPaused ? 'observe' : modeOfTier(name, { policy, mode: 'act' }));
          }
        },
      ),
    );
  });

  it('never leads to a tier that is paused', () => {
    fc.assert(
      fc.property(
        snapshots,
        policies,
        fc.array(scopesOver(['orders']), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (snapshot, policy, scopes, hasActed) => {
          const pauses = scopes.map((scope) => aPause(scope));
          const incident = anIncident({ target: aTarget({ policy }) });
          const situation = {
            incident,
            now: 0,
            pauses,
            emptyRounds: 2,
            stayedRounds: 0,
            countedRounds: 2,
            hasActed,
            limited: [],
            refused: null,
            isWorsening: false,
          };
          const diagnosis = diagnoseSnapshot(snapshot, underPauses({ policy, mode: 'act' }, pauses), NO_HISTORY);
          const { next } = judgeSnapshot(snapshot, diagnosis, { ...situation, actedLately: {}, approvals: [] });
          const paused = scopes.some((scope) => scope.tier === null) ? null : scopes.map((scope) => scope.tier);
          if (paused === null) expect(['confirm', 'close', 'watch', 'escalate']).toContain(next);
          else expect(paused).not.toContain(next);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves what a paused tier would have ended to the others, and says who holds it back', () => {
    const leak = aSnapshot(100, [...many(50, 1, (id) => aSession(id)), ...many(50, 51, (id) => inTransaction(id))]);
    const judge = (policy = aPolicy()) => {
      const incident = anIncident({ target: aTarget({ policy }) });
      const pauses = [own];
      const diagnosis = diagnoseSnapshot(leak, underPauses(incident.target, pauses), NO_HISTORY);
      const rest = {
        emptyRounds: 0,
        stayedRounds: 0,
        countedRounds: 0,
        hasActed: false,
        limited: [],
        refused: null,
        isWorsening: false,
        actedLately: {},
        approvals: [],
      };
      return judgeSnapshot(leak, diagnosis, { incident, now: 0, pauses, ...rest });
    };
    expect(judge().next).toBe('end-idle-transactions');
    const alone = judge(aPolicy({ tiers: { 'end-idle-transactions': 'observe' } }));
    expect(alone).toMatchObject({ next: 'close', outcome: 'observed' });
    expect(alone.why).toContain('kill-idle is paused by dee: maintenance');
    expect(alone.why).toContain('end-idle-transactions is in observe mode');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { modeOfTier } from '../../../../functions/core/plan/tiers/mode-of-tier.ts';
import { rehearsalOf, rehearsedId } from '../../../../functions/core/rehearsal/rehearsal.ts';
import { targetId } from '../../../../functions/core/policy/target.ts';
import { TIER_NAMES } from '../../../../functions/core/policy/tier-names.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { judgeAfterPage } from '../../../../functions/core/verdict/after-page.ts';
import { judgeSnapshot } from '../../../../functions/core/verdict/verdict.ts';
import { aTarget } from '../../../support/a-session.ts';
import { anIncident } from '../../../support/an-incident.ts';
import { policies, snapshots, storms } from '../../../support/arbitraries.ts';

const NOW = 3_600_000;
const modes = fc.constantFrom('observe' as const, 'approve' as const, 'act' as const);

it('a rehearsal reaches no state that acts or asks, whatever the target may do', () => {
  fc.assert(
    fc.property(
      fc.oneof(snapshots, storms),
      policies,
      fc.record({ mode: modes, ofTiers: fc.array(modes, { minLength: 5, maxLength: 5 }), isPaged: fc.boolean() }),
      (snapshot, policy, { mode, ofTiers, isPaged }) => {
        const tiers = Object.fromEntries(TIER_NAMES.map((name, index) => [name, ofTiers[index]]));
        const target = rehearsalOf(aTarget({ mode, policy: { ...policy, tiers } }));
        expect(TIER_NAMES.map((name) => modeOfTier(name, target))).toEqual(TIER_NAMES.map(() => 'observe'));
        const escalation = isPaged ? { reason: 'x', advice: [], at: NOW - 60_000 } : null;
        const situation = {
          ...{
            incident: anIncident({ target, openedAt: NOW, escalation }),
            now: NOW,
            pauses: [],
            limited: [],
            approvals: [],
          },
          ...{ emptyRounds: 0, stayedRounds: 0, countedRounds: 0, hasActed: false, refused: null, isWorsening: false },
          actedLately: {},
        };
        const diagnosis = diagnoseSnapshot(snapshot, target, NO_HISTORY);
        const look = { snapshot, pressing: diagnosis.pressing, soon: diagnosis.plan.soon };
        const verdict = judgeAfterPage(judgeSnapshot(snapshot, diagnosis, situation), look, situation);
        expect([...TIER_NAMES, 'ask']).not.toContain(verdict.next);
      },
    ),
    { numRuns: 200 },
  );
});

it('no target has the id of a rehearsal, and a rehearsal knows whose it is', () => {
  const target = aTarget({ id: 'a'.repeat(30) });
  const { id } = rehearsalOf(target);
  expect(targetId.safeParse(target.id).success).toBe(true);
  expect(targetId.safeParse(id).success).toBe(false);
  expect([rehearsedId(id), rehearsedId(target.id)]).toEqual([target.id, null]);
});

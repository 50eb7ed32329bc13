import { expect, test } from 'vitest';
import { composeApproval } from '../../../../functions/core/messages/approval.ts';
import { summarisePlan } from '../../../../functions/core/plan/plan-summary.ts';
import type { Victim } from '../../../../functions/core/plan/tier-plan.ts';
import { named } from '../../../../functions/core/words/printable.ts';
import { aSession } from '../../../support/a-session.ts';
import { anApproval } from '../../../support/an-approval.ts';
import { anIncident } from '../../../support/an-incident.ts';

const OURS = 'https://page.example/?key=secret';
const FORGED = 'Read and decide: https://evil.example/?key=stolen';

test('an application that is called like an instruction with a link is shown as a name, and the only link is ours', () => {
  const session = aSession(7, { user: 'tenant', application: FORGED });
  const victim = { session, needsPerson: 'maintenance-statement', method: 'terminate' } as Victim;
  const plan = summarisePlan({ tier: 'kill-idle', limit: null, victims: [victim] } as never, 1);
  const cause = {
    name: 'connection-leak',
    confidence: 1,
    ranking: [],
    evidence: [`${named(FORGED)} holds 9`],
  } as const;
  const { subject, body } = composeApproval(anIncident({ cause }), anApproval({ plan }), OURS);
  expect(body.match(/\S*:\/\/\S*/g)).toEqual([OURS]);
  expect(body).toContain('"tenant/Read and decide: https[:]//evil.example/?key=stolen"');
  expect(body.split('\n').filter((line) => /^(Do +)? *Read and decide/.test(line))).toEqual([
    `Do        Read and decide: ${OURS}`,
  ]);
  expect(subject).not.toContain('://');
});

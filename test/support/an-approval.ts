import { hashPlan, type PlanSummary } from '../../functions/core/plan/plan-summary.ts';
import type { Approval, Decision } from '../../functions/core/record/approval.ts';

export const MINUTE = 60_000;

export function aDecision(changed: Partial<Decision> = {}): Decision {
  return { by: 'ann', via: 'page', address: '192.0.2.7', at: 0, ...changed };
}

/** Ten idle sessions of one consumer: nothing is lost. */
export function aSummary(changed: Partial<PlanSummary> = {}): PlanSummary {
  return {
    tier: 'kill-idle',
    limit: null,
    need: 10,
    sessions: 10,
    cancels: 0,
    losing: 0,
    writing: 0,
    rowsModified: 0,
    consumers: [{ name: 'app/web', sessions: 10 }],
    named: [],
    samples: [],
    ...changed,
  };
}

/** A question that waits for an answer, asked at 0, changed by what the test says. */
export function anApproval(changed: Partial<Approval> = {}): Approval {
  const plan = changed.plan ?? aSummary();
  const round = changed.round ?? 1;
  return {
    incidentId: 'orders-incident',
    round,
    plan,
    planHash: hashPlan('orders-incident', round, plan),
    askedAt: 0,
    expiresAt: 15 * MINUTE,
    status: 'pending',
    decision: null,
    endedAt: null,
    usedInRound: null,
    ...changed,
  };
}

/** The same with an answer. */
export function anAnswered(status: 'approved' | 'denied', at: number, changed: Partial<Approval> = {}): Approval {
  return anApproval({ status, decision: aDecision({ at }), endedAt: at, ...changed });
}

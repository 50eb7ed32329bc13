import { composeApproval } from '../core/messages/approval.ts';
import { hashPlan } from '../core/plan/plan-summary.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import { BadRequest, FenceLost, NoticeUndelivered } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { askRequest } from '../core/protocol/steps.ts';
import { hashSecret, waitMsOf, type Question } from '../core/record/approval.ts';
import { linkKey } from '../core/record/link-key.ts';
import { linksFor, publishRecorded, type DeliverDependencies } from '../incident/deliver.ts';

export interface AskDependencies extends DeliverDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents'>;
  /** Unguessable, and safe in a URL. */
  readonly newSecret: () => string;
  /** The page where people answer; null where they are asked otherwise. */
  readonly pageUrl: string | null;
}

/**
 * Asks a person about the plan of a round and holds the target while waiting for the answer. The workflow's token stays
 * in the store; the link's secret goes out in the message and only its hash is kept. Throws FenceLost when the incident
 * no longer holds its target, BadRequest when the round has asked already or has nothing to ask, and NoticeUndelivered
 * when the question could not be sent: then it is withdrawn.
 */
export async function ask(
  payload: unknown,
  deps: AskDependencies,
): Promise<{ readonly incidentId: string; readonly round: number; readonly expiresAt: number }> {
  const { incidentId, round, taskToken } = parseRequest(askRequest, payload);
  const { store } = deps;
  const incident = await store.incidents.byId(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  const found = (await store.rounds.of(incidentId)).find((each) => each.round === round);
  if (found?.question === undefined) throw new BadRequest(`round: ${round} of incident ${incidentId} has no question`);

  const question: Question = {
    incidentId,
    round,
    plan: found.question,
    planHash: hashPlan(incidentId, round, found.question),
    askedAt: deps.now(),
    // From the snapshot on, so that it has run out before the workflow stops waiting.
    expiresAt: found.at + waitMsOf(incident.target.policy),
  };
  await store.incidents.holdFence(incident, question.expiresAt + LEASE_MS);
  const secret = deps.newSecret();
  const approval = await store.approvals.open(question, { taskToken, secretHash: hashSecret(secret) });
  if (approval === null) throw new BadRequest(`round: ${round} of incident ${incidentId} has asked already`);
  const link = deps.pageUrl === null ? null : `${deps.pageUrl}?key=${linkKey(question, secret)}`;
  const message = composeApproval(incident, approval, link, await linksFor(incident, deps));
  const error = await publishRecorded(incidentId, 'approval', message, deps);
  if (error !== '') {
    await store.approvals.end(question, 'withdrawn', deps.now());
    throw new NoticeUndelivered([`approval: ${error}`]);
  }
  return { incidentId, round, expiresAt: question.expiresAt };
}

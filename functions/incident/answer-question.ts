import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { AnswerToQuestion } from '../core/ports/stores/approvals.ts';
import type { WorkflowClient } from '../core/ports/workflow-client.ts';
import type { Approval, QuestionKey } from '../core/record/approval.ts';

export interface AnswerDependencies {
  readonly store: Pick<IncidentStore, 'approvals'>;
  readonly workflow: Pick<WorkflowClient, 'resume'>;
}

/**
 * `recorded`: this answer counts. `late`: the question was answered or ended before. `changed`: the answer is for
 * another plan than was asked about. `unknown`: there is no such question.
 */
export type Answered =
  { readonly kind: 'recorded' | 'late' | 'changed'; readonly approval: Approval } | { readonly kind: 'unknown' };

/**
 * Records a person's answer, once and for all, and wakes the workflow that waits for it. A workflow that could not be
 * woken finds the answer by itself, at the latest when its wait is over; the reconciler tries to wake it sooner.
 */
export async function answerQuestion(
  key: QuestionKey,
  answer: AnswerToQuestion,
  deps: AnswerDependencies,
): Promise<Answered> {
  const recorded = await deps.store.approvals.answer(key, answer);
  if (recorded === null) return explain(key, answer, deps);
  await wakeWorkflow(key, deps).catch(() => undefined);
  return { kind: 'recorded', approval: recorded };
}

/** True when something waited for the answer and was woken. Throws what Step Functions throws. */
export async function wakeWorkflow(key: QuestionKey, { store, workflow }: AnswerDependencies): Promise<boolean> {
  const taskToken = await store.approvals.taskTokenOf(key);
  if (taskToken === null) return false;
  await workflow.resume(taskToken);
  await store.approvals.dropTaskToken(key);
  return true;
}

async function explain(key: QuestionKey, answer: AnswerToQuestion, { store }: AnswerDependencies): Promise<Answered> {
  const approval = (await store.approvals.of(key.incidentId)).find(({ round }) => round === key.round);
  if (approval === undefined) return { kind: 'unknown' };
  const isChanged = approval.status === 'pending' && approval.planHash !== answer.planHash;
  return { kind: isChanged ? 'changed' : 'late', approval };
}

import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AnswerToQuestion, QuestionSecrets } from '../../core/ports/incident-store.ts';
import { ANSWER_GOOD_FOR_MS, type Approval, type Question, type QuestionKey } from '../../core/record/approval.ts';
import { fit } from '../process/fit.ts';
import { expiresAt, KEEP_RECORDS_DAYS, ordinal, summaryOf } from './table/items.ts';
import {
  queryAll,
  readItem,
  unlessConditionFails,
  updateIf,
  type IncidentTable,
  type Item,
  type Key,
} from './table/table.ts';

/** A summary is bounded by itself: hundreds of names, none of them long. */
const APPROVAL_BYTES = 200_000;
const APPROVAL = 'APPROVAL#';

const STATUS = { status: 'status' } as const;
const isPending = 'approval.#status = :pending';

function approvalKey({ incidentId, round }: QuestionKey): Key {
  return { pk: `INCIDENT#${incidentId}`, sk: `${APPROVAL}${ordinal(round, 4)}` };
}

/** True for the one caller who wrote it. The token and the secret's hash stand beside the record and never leave with it. */
export async function openQuestion(
  { client, table }: IncidentTable,
  question: Question,
  { taskToken, secretHash }: QuestionSecrets,
): Promise<boolean> {
  const approval: Approval = { ...question, status: 'pending', decision: null, endedAt: null, usedInRound: null };
  const item = {
    ...approvalKey(question),
    approval: fit(approval, APPROVAL_BYTES),
    taskToken,
    secretHash,
    expiresAt: expiresAt(question.askedAt, KEEP_RECORDS_DAYS),
  };
  const isNew = 'attribute_not_exists(pk)';
  const written = await unlessConditionFails(
    client.send(new PutCommand({ TableName: table, Item: item, ConditionExpression: isNew })),
  );
  return written !== null;
}

/** In the order of their rounds. */
export async function readApprovals(table: IncidentTable, incidentId: string): Promise<Approval[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': `INCIDENT#${incidentId}`, ':prefix': APPROVAL },
    ConsistentRead: true,
  });
  return items.map(approvalOf);
}

/** Null when there is none, or when it was asked with another secret. */
export async function readAsked(
  table: IncidentTable,
  key: QuestionKey,
  secretHash: string | null,
): Promise<Approval | null> {
  const item = await readItem(table, approvalKey(key));
  if (item === null || (secretHash !== null && item['secretHash'] !== secretHash)) return null;
  return approvalOf(item);
}

/** One write decides between answers, and between an answer and the end of the question. Null: it came too late, or is for another. */
export async function answerQuestion(
  table: IncidentTable,
  key: QuestionKey,
  { answer, planHash, secretHash, decision }: AnswerToQuestion,
): Promise<Approval | null> {
  const isThisPlan = 'approval.planHash = :planHash';
  const isInTime = 'approval.expiresAt > :at';
  const isInvited = secretHash === null ? [] : ['secretHash = :secretHash'];
  const answered = await updateIf(table, {
    key: approvalKey(key),
    update: 'SET approval.#status = :answer, approval.decision = :decision, approval.endedAt = :at',
    condition: [isPending, isThisPlan, isInTime, ...isInvited].join(' AND '),
    names: STATUS,
    values: {
      pending: 'pending',
      answer,
      decision,
      planHash,
      at: decision.at,
      ...(secretHash !== null && { secretHash }),
    },
  });
  return answered && approvalOf(answered);
}

/** Ends a question that nobody has answered; one that was answered or ended stays as it is. Returns how it stands. */
export async function endQuestion(
  table: IncidentTable,
  key: QuestionKey,
  status: 'expired' | 'withdrawn',
  at: number,
): Promise<Approval | null> {
  const ended = await updateIf(table, {
    key: approvalKey(key),
    update: 'SET approval.#status = :status, approval.endedAt = :at REMOVE taskToken',
    condition: isPending,
    names: STATUS,
    values: { pending: 'pending', status, at },
  });
  return ended ? approvalOf(ended) : readAsked(table, key, null);
}

/** Takes a yes for one act. True for the one caller who got it. */
export async function useApproval(
  table: IncidentTable,
  key: QuestionKey,
  use: { readonly round: number; readonly at: number },
): Promise<boolean> {
  const isApproved = 'approval.#status = :approved';
  const isUnused = 'approval.usedInRound = :none';
  const isFresh = 'approval.decision.#at >= :since';
  const used = await updateIf(table, {
    key: approvalKey(key),
    update: 'SET approval.usedInRound = :round',
    condition: [isApproved, isUnused, isFresh].join(' AND '),
    names: { ...STATUS, at: 'at' },
    values: { approved: 'approved', none: null, since: use.at - ANSWER_GOOD_FOR_MS, round: use.round },
  });
  return used !== null;
}

/** What wakes the workflow that waits for the answer; null when nothing waits any more. */
export async function readTaskToken(table: IncidentTable, key: QuestionKey): Promise<string | null> {
  const token: unknown = (await readItem(table, approvalKey(key)))?.['taskToken'];
  return typeof token === 'string' ? token : null;
}

export async function dropTaskToken(table: IncidentTable, key: QuestionKey): Promise<void> {
  await updateIf(table, { key: approvalKey(key), update: 'REMOVE taskToken', condition: 'attribute_exists(pk)' });
}

function approvalOf(item: Item): Approval {
  const { approval } = item as { readonly approval: Approval };
  return { ...approval, plan: summaryOf(approval.plan) };
}

import type { AnswerToQuestion, Approvals } from '../../core/ports/stores/approvals.ts';
import { ANSWER_GOOD_FOR_MS, type Approval, type QuestionKey } from '../../core/record/approval.ts';
import { fit } from '../process/fit.ts';
import { expiresAt, incidentPk, KEEP_RECORDS_DAYS, ordinal, summaryOf } from './table/items.ts';
import {
  putNewItem,
  queryPrefix,
  readItem,
  updateIf,
  type ConditionalUpdate,
  type Item,
  type Key,
  type TableAccess,
} from './table/table.ts';

/** A summary is bounded by itself: hundreds of names, none of them long. */
const APPROVAL_BYTES = 200_000;
const APPROVAL = 'APPROVAL#';

const STATUS = { status: 'status' } as const;
const isPending = 'approval.#status = :pending';

/** The workflow's token and the secret's hash are kept beside the approval and never leave with it. */
export function createApprovals(table: TableAccess): Approvals {
  return {
    async open(question, { taskToken, secretHash }) {
      const approval: Approval = { ...question, status: 'pending', decision: null, endedAt: null, usedInRound: null };
      const isNew = await putNewItem(table, {
        ...keyOf(question),
        approval: fit(approval, APPROVAL_BYTES),
        taskToken,
        secretHash,
        expiresAt: expiresAt(question.askedAt, KEEP_RECORDS_DAYS),
      });
      return isNew ? approval : null;
    },
    of: async (incidentId) => (await queryPrefix(table, incidentPk(incidentId), APPROVAL)).map(approvalOf),
    async readQuestion(key, secretHash) {
      const item = await readItem(table, keyOf(key));
      return item?.['secretHash'] === secretHash ? approvalOf(item) : null;
    },
    async answer(key, answer) {
      const answered = await updateIf(table, answering(key, answer));
      return answered && approvalOf(answered);
    },
    async end(key, status, at) {
      const item = (await updateIf(table, ending(key, status, at))) ?? (await readItem(table, keyOf(key)));
      return item && approvalOf(item);
    },
    use: async (key, use) => (await updateIf(table, using(key, use))) !== null,
    async taskTokenOf(key) {
      const token: unknown = (await readItem(table, keyOf(key)))?.['taskToken'];
      return typeof token === 'string' ? token : null;
    },
    async dropTaskToken(key) {
      await updateIf(table, { key: keyOf(key), update: 'REMOVE taskToken', condition: 'attribute_exists(pk)' });
    },
  };
}

function keyOf({ incidentId, round }: QuestionKey): Key {
  return { pk: incidentPk(incidentId), sk: `${APPROVAL}${ordinal(round, 4)}` };
}

function approvalOf(item: Item): Approval {
  const { approval } = item as { readonly approval: Approval };
  return { ...approval, plan: summaryOf(approval.plan) };
}

/** One write decides between answers, and between an answer and the end of the question. */
function answering(key: QuestionKey, { answer, planHash, secretHash, decision }: AnswerToQuestion): ConditionalUpdate {
  const isThisPlan = 'approval.planHash = :planHash';
  const isInTime = 'approval.expiresAt > :at';
  const isInvited = secretHash === null ? [] : ['secretHash = :secretHash'];
  return {
    key: keyOf(key),
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
  };
}

function ending(key: QuestionKey, status: 'expired' | 'withdrawn', at: number): ConditionalUpdate {
  return {
    key: keyOf(key),
    update: 'SET approval.#status = :status, approval.endedAt = :at REMOVE taskToken',
    condition: isPending,
    names: STATUS,
    values: { pending: 'pending', status, at },
  };
}

function using(key: QuestionKey, { round, at }: { readonly round: number; readonly at: number }): ConditionalUpdate {
  const isApproved = 'approval.#status = :approved';
  const isUnused = 'approval.usedInRound = :none';
  const isFresh = 'approval.decision.#at >= :since';
  return {
    key: keyOf(key),
    update: 'SET approval.usedInRound = :round',
    condition: [isApproved, isUnused, isFresh].join(' AND '),
    names: { ...STATUS, at: 'at' },
    values: { approved: 'approved', none: null, since: at - ANSWER_GOOD_FOR_MS, round },
  };
}

import type { Answer, Approval, Decision, Question, QuestionKey } from '../../record/approval.ts';

/** What a question is stored with and never read out with. */
interface QuestionSecrets {
  /** Wakes the workflow that waits for the answer. */
  readonly taskToken: string;
  readonly secretHash: string;
}

export interface AnswerToQuestion {
  readonly answer: Answer;
  /** Of the plan that the person has seen. */
  readonly planHash: string;
  /** Of the link's secret; null for a person who needs no link. */
  readonly secretHash: string | null;
  readonly decision: Decision;
}

/** Questions to people and their answers. Every step is one conditional write, so of all who try one wins. */
export interface Approvals {
  /** Null when this round has asked already. */
  open(question: Question, secrets: QuestionSecrets): Promise<Approval | null>;
  /** In the order of their rounds. Strongly consistent. */
  of(incidentId: string): Promise<Approval[]>;
  /** Null when there is no such question, or it was not asked with this secret. Strongly consistent. */
  readQuestion(key: QuestionKey, secretHash: string): Promise<Approval | null>;
  /** Null when it is not pending any more, was asked about another plan or with another secret, or has run out. */
  answer(key: QuestionKey, answer: AnswerToQuestion): Promise<Approval | null>;
  /** Ends it unless it was answered or ended before. Returns its present state; null when there is none. */
  end(key: QuestionKey, status: 'expired' | 'withdrawn', at: number): Promise<Approval | null>;
  /** Takes a yes for one act: true for one caller, and only while it is fresh. */
  use(key: QuestionKey, use: { readonly round: number; readonly at: number }): Promise<boolean>;
  /** Null when nothing waits for the answer any more. */
  taskTokenOf(key: QuestionKey): Promise<string | null>;
  /** The workflow has been woken. */
  dropTaskToken(key: QuestionKey): Promise<void>;
}

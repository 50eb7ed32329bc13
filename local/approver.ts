import { describeApproval, type Answer, type Approval } from '../functions/core/approval.ts';
import { costLines, planLines } from '../functions/core/message-approval.ts';
import { SPARED } from '../functions/core/spared.ts';
import type { Line } from './narrator.ts';
import type { Progress } from './progress.ts';
import type { LocalRuntime } from './runtime.ts';

/** What a person says to a question. `nothing` lets it run out. */
export interface Reply {
  readonly answer: Answer | 'nothing';
  /** Who says it. */
  readonly by: string;
}

/** Asks a person. The signal tells that the question has run out, or that the run is over. */
export type AskPerson = (approval: Approval, signal: AbortSignal) => Promise<Reply>;

export interface Approver {
  hear(progress: Progress): void;
}

export interface ApproverSettings {
  readonly findRuntime: () => Promise<Pick<LocalRuntime, 'store' | 'answer'>>;
  readonly person: AskPerson;
  readonly tell: (line: Line) => void;
}

/** Puts the questions of a local run to a person, and hands the answers to the workflow that waits for them. */
export function createApprover({ findRuntime, person, tell }: ApproverSettings): Approver {
  const over = new AbortController();
  const say = (kind: Line['kind'], text: string) => tell({ at: Date.now(), kind, text });

  const put = async (incidentId: string): Promise<void> => {
    const runtime = await findRuntime();
    const approval = (await runtime.store.approvals(incidentId)).findLast(({ status }) => status === 'pending');
    if (approval === undefined) return;
    for (const line of questionLines(approval)) say('detail', line);
    const patience = AbortSignal.timeout(Math.max(1, approval.expiresAt - Date.now()));
    const { answer, by } = await person(approval, AbortSignal.any([over.signal, patience]));
    if (answer === 'nothing') return say('bad', 'nobody answers');
    const { planHash } = approval;
    const decision = { by, via: 'terminal', address: null, at: Date.now() } as const;
    const answered = await runtime.answer(approval, { answer, planHash, secretHash: null, decision });
    if (answered.kind === 'recorded') say(answer === 'approved' ? 'good' : 'bad', describeApproval(answered.approval));
    else say('bad', 'the answer came too late');
  };

  return {
    hear(progress) {
      if (progress.kind === 'execution-ended') over.abort();
      if (progress.kind !== 'task-waiting') return;
      put(progress.execution).catch((error: unknown) => say('bad', `nobody could be asked: ${String(error)}`));
    },
  };
}

/** The whole question, for a terminal. */
function questionLines({ plan, expiresAt }: Approval): string[] {
  return [
    ...planLines(plan),
    ...costLines(plan),
    ...plan.consumers.map(({ name, sessions }) => `  ${sessions} of ${name}`),
    ...plan.named.map(({ words, needsPerson }) => `  by name: ${words}; ${SPARED[needsPerson]}`),
    ...plan.samples.map((words) => `  for example: ${words}`),
    `good until ${new Date(expiresAt).toISOString()}; without an answer nothing is ended and a person is paged`,
  ];
}

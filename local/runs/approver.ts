import { costLines, planLines } from '../../functions/core/messages/approval.ts';
import { SPARED } from '../../functions/core/policy/spared.ts';
import { describeApproval, type Answer, type Approval } from '../../functions/core/record/approval.ts';
import type { Progress } from '../machine/progress.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';
import type { Line } from '../terminal/narrator.ts';

/** What a person says to a question. `nothing` lets it expire. */
export interface Reply {
  readonly answer: Answer | 'nothing';
  /** Who says it. */
  readonly by: string;
}

/** Asks a person. The signal aborts when the question has expired or the run is over. */
export type AskPerson = (approval: Approval, signal: AbortSignal) => Promise<Reply>;

interface Approver {
  hear(progress: Progress): void;
}

interface ApproverSettings {
  readonly findRuntime: () => Promise<Pick<LocalRuntime, 'store' | 'answer'>>;
  readonly person: AskPerson;
  readonly onLine: (line: Line) => void;
}

/** Asks a person the questions of a local run, and sends the answers to the waiting workflow. */
export function createApprover({ findRuntime, person, onLine }: ApproverSettings): Approver {
  const say = (kind: Line['kind'], text: string) => onLine({ at: Date.now(), kind, text });
  let waiting: AbortController | null = null;

  const put = async (incidentId: string, over: AbortSignal): Promise<void> => {
    const { store, answer: send } = await findRuntime();
    const approval = (await store.approvals.of(incidentId)).findLast(({ status }) => status === 'pending');
    if (approval === undefined) return;
    for (const line of questionLines(approval)) say('detail', line);
    const patience = AbortSignal.timeout(Math.max(1, approval.expiresAt - Date.now()));
    const { answer, by } = await person(approval, AbortSignal.any([over, patience]));
    const decision = { by, via: 'terminal', address: null, at: Date.now() } as const;
    const { planHash, round } = approval;
    if (answer !== 'nothing') await send(approval, { answer, planHash, secretHash: null, decision });
    // Somebody else may have answered, at the page or at another terminal.
    const ended = (await store.approvals.of(incidentId)).find((each) => each.round === round);
    if (ended?.decision == null) say('bad', 'no answer');
    else say(ended.status === 'approved' ? 'good' : 'bad', describeApproval(ended));
  };

  return {
    hear(progress) {
      if (progress.kind === 'task-waiting') {
        waiting = new AbortController();
        put(progress.execution, waiting.signal).catch((error: unknown) =>
          say('bad', `the question could not be asked: ${String(error)}`),
        );
      } else if (ENDS_WAITING.has(progress.kind)) {
        waiting?.abort();
      }
    },
  };
}

/** One state runs at a time, so each of these ends the waiting. */
const ENDS_WAITING: ReadonlySet<Progress['kind']> = new Set(['state-exited', 'state-failed', 'execution-ended']);

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

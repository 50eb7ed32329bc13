import { spawnSync } from 'node:child_process';
import { answer, type Answer, type Incident, type Question } from '../format.ts';

/** An answer, or why there is none. */
export type Reply = { readonly answer: Answer } | { readonly trouble: string };

/** A tool has so long for one incident, or for all of them in a batch. */
const TIMEOUT_MS = 30_000;
const BATCH_TIMEOUT_MS = 600_000;
const MOST_BYTES = 256 * 1024 * 1024;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Runs the command once for each incident. */
export function askOneByOne(command: Command, incidents: readonly Incident[]): Reply[] {
  return incidents.map((incident) => {
    const { output, trouble } = run(command, `${JSON.stringify(questionOf(incident))}\n`, TIMEOUT_MS);
    return trouble === null ? readAnswer(output) : { trouble };
  });
}

/** Runs the command once: an incident a line in, an answer a line out, in the same order. */
export function askInBatch(command: Command, incidents: readonly Incident[]): Reply[] {
  const input = incidents.map((incident) => `${JSON.stringify(questionOf(incident))}\n`).join('');
  const { output, trouble } = run(command, input, BATCH_TIMEOUT_MS);
  if (trouble !== null) return incidents.map(() => ({ trouble }));
  const lines = output.trimEnd().split('\n');
  return incidents.map((_, index) => {
    const line = lines[index];
    return line === undefined ? { trouble: 'there are fewer answers than incidents' } : readAnswer(line);
  });
}

/** All but the labels. */
export function questionOf(incident: Incident): Question {
  const question: Question & { labels?: unknown } = { ...incident };
  delete question.labels;
  return question;
}

/** A JSON object; or ids of sessions to end, one a line; or nothing, which ends nobody. */
export function readAnswer(output: string): Reply {
  const text = output.trim();
  if (/^(\d+(\s+|$))*$/.test(text)) {
    const ids = text === '' ? [] : text.split(/\s+/).map(Number);
    return { answer: { end: ids, cancel: [] } };
  }
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { trouble: 'the answer is neither JSON nor a list of ids' };
  }
  const parsed = answer.safeParse(read);
  if (parsed.success) return { answer: parsed.data };
  const [issue] = parsed.error.issues;
  return { trouble: `the answer is not as expected: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim() };
}

function run(
  { program, args }: Command,
  input: string,
  timeout: number,
): { readonly output: string; readonly trouble: string | null } {
  const { stdout, status, signal, error } = spawnSync(program, args, {
    input,
    timeout,
    maxBuffer: MOST_BYTES,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A tool need not read to the end: one that answers without looking closes its input early.
  if (error !== undefined && !('code' in error && error.code === 'EPIPE'))
    return { output: '', trouble: `${program} does not run: ${error.message}` };
  const trouble = status === 0 ? null : `${program} ended with ${status ?? signal ?? 'an error'}`;
  return { output: stdout, trouble };
}

import { ERRORS, SchemaMismatch, WorkerFault } from '../../core/protocol/errors.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import type { WorkerReply } from '../../core/protocol/worker.ts';
import { parseJson } from '../../core/words/parse-json.ts';
import { printable } from '../../core/words/printable.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field of an answer that holds what was asked for. */
export type AnswerContent = 'sample' | 'snapshot' | 'endings' | 'limit' | 'check';

/**
 * The worker's answer when its outline is right: `content` names what an answer that got in must hold. What is inside
 * was written by a worker of the same schema version, and a snapshot may have 16,000 sessions, so it is not checked
 * again.
 */
export function parseAnswer<Answer extends WorkerReply>(
  worker: string,
  answer: unknown,
  content: AnswerContent,
): Answer {
  if (!isObject(answer)) throw new WorkerFault(`worker ${worker} answered no object`);
  if (answer['schema'] !== SCHEMA) throw new SchemaMismatch(answer['schema'] ?? null, SCHEMA);
  if (!isRefusal(answer) && !isAdmitted(answer, content)) {
    throw new WorkerFault(`worker ${worker} answered neither a refusal nor an admission with ${content}`);
  }
  return answer as unknown as Answer;
}

function isRefusal(answer: Json): boolean {
  const { ok, refusal, attempts, waitedMs } = answer;
  return (
    ok === false &&
    isObject(refusal) &&
    ['kind', 'code', 'message'].every((field) => typeof refusal[field] === 'string') &&
    typeof attempts === 'number' &&
    typeof waitedMs === 'number'
  );
}

function isAdmitted(answer: Json, content: string): boolean {
  const { ok, admission, [content]: held } = answer;
  return ok === true && isObject(admission) && (content === 'endings' ? Array.isArray(held) : isObject(held));
}

/**
 * What Lambda reports when the function itself failed: only the kind of error, never its message, stack or payload. Of a
 * statement that the server refused, also its own words, which the worker has made fit to leave it.
 */
export function parseFault(worker: string, payload: string): Error {
  const { errorType, errorMessage } = readFault(payload);
  // A worker of another version refuses the request; that is no fault of the worker.
  if (errorType === ERRORS.schemaMismatch) return new SchemaMismatch('of another version', SCHEMA);
  if (errorType === ERRORS.queryFailed)
    return new WorkerFault(`worker ${worker} failed: ${printable(errorMessage, 300)}`);
  const isTimeout = errorType.endsWith('Timedout') || /Task timed out after [\d.]+ seconds/.test(errorMessage);
  const what = isTimeout ? 'timed out' : 'crashed';
  const type = /^[\w.]{1,80}$/.test(errorType) ? ` (${errorType})` : '';
  return new WorkerFault(`worker ${worker} ${what}${type}`);
}

function readFault(payload: string): { errorType: string; errorMessage: string } {
  const fault = parseJson(payload);
  const text = (field: string) => (isObject(fault) && typeof fault[field] === 'string' ? fault[field] : '');
  return { errorType: text('errorType'), errorMessage: text('errorMessage') };
}

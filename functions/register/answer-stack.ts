import { errorWords } from '../core/words/error-words.ts';
import type { Registered } from './register.ts';
import { parseReturnAddress, parseStackRequest, type ReturnAddress, type StackRequest } from './stack-request.ts';

/** What CloudFormation is told, by its own names. */
export interface StackAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

export interface AnswerDependencies {
  readonly carryOut: (request: StackRequest) => Promise<Registered>;
  /** Hands the answer in where CloudFormation waits for it. */
  readonly send: (url: string, answer: StackAnswer) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Longer than closing an incident and lifting its limits by a worker that hangs, shorter than the function may run. */
const LONGEST_MS = 90_000;
/** CloudFormation takes 4 KB in all. */
const REASON_LENGTH = 1_500;

/**
 * Carries out a request of CloudFormation and answers it, whatever becomes of it: a stack that waits in vain is stuck.
 * Returns what it has answered. Throws where nobody waits, or the answer could not be handed in; then Lambda tries again,
 * and doing everything twice changes nothing.
 */
export async function answerStack(event: unknown, deps: AnswerDependencies): Promise<StackAnswer> {
  const address = parseReturnAddress(event);
  const result = await attempt(event, address, deps);
  const { stackId: StackId, requestId: RequestId, logicalId: LogicalResourceId } = address;
  const answer = { ...result, Reason: result.Reason.slice(0, REASON_LENGTH), StackId, RequestId, LogicalResourceId };
  await deps.send(address.url, answer);
  return answer;
}

type Result = Pick<StackAnswer, 'Status' | 'Reason' | 'PhysicalResourceId'>;

async function attempt(event: unknown, address: ReturnAddress, deps: AnswerDependencies): Promise<Result> {
  let known: string | null = null;
  try {
    const request = parseStackRequest(event, address);
    known = request.physicalId;
    const { physicalId, done } = await Promise.race([deps.carryOut(request), tooLong(deps)]);
    return { Status: 'SUCCESS', Reason: done.join('; '), PhysicalResourceId: physicalId };
  } catch (error) {
    return { Status: 'FAILED', Reason: `Headroom: ${errorWords(error)}`, PhysicalResourceId: known ?? 'none' };
  }
}

async function tooLong({ sleep }: AnswerDependencies): Promise<never> {
  await sleep(LONGEST_MS);
  throw new Error(`not done within ${LONGEST_MS / 1000} s; try again`);
}

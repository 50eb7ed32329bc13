import type { FunctionRegistry } from '../lambda/function-registry.ts';

/** A function answered with an error, or could not be invoked. */
export class FunctionFailed extends Error {
  readonly errorType: string;
  constructor(functionName: string, errorType: string, errorMessage: string) {
    super(`${functionName} failed: ${errorType}: ${errorMessage}`);
    this.name = 'FunctionFailed';
    this.errorType = errorType;
  }
}

/** Returns the function's answer; throws FunctionFailed. */
export async function callFunction(
  functions: Pick<FunctionRegistry, 'invoke'>,
  name: string,
  payload: unknown,
): Promise<unknown> {
  const result = await functions.invoke(name, JSON.stringify(payload));
  if (result === null) throw new FunctionFailed(name, 'ResourceNotFoundException', 'no stack has it');
  if (result.kind === 'throttled') throw new FunctionFailed(name, 'TooManyRequestsException', 'Rate Exceeded.');
  if (result.kind === 'answered') return JSON.parse(result.payload) as unknown;
  throw new FunctionFailed(name, result.error.errorType, result.error.errorMessage);
}

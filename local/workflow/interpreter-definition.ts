import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import { waitsForToken, type CheckedDefinition } from './definition-check.ts';

type InterpreterDefinition = ConstructorParameters<typeof Interpreter>[0];

/** Where the handler of a waiting task finds how long it may wait. */
export const WAIT_FIELD = 'WaitSeconds';
/** Some eleven days, which a timer still takes. */
const AS_GOOD_AS_FOR_EVER_SECONDS = 1_000_000;

/**
 * The definition as the interpreter is given it, so that it does what AWS does. The timeout of the machine is left out:
 * the caller keeps it. A task that waits for its token keeps its own time too, and is told how long by a parameter: the
 * interpreter reads TimeoutSecondsPath from the parameters, AWS from the state's input.
 */
export function toInterpreterDefinition({ StartAt, States }: CheckedDefinition): InterpreterDefinition {
  const states = new Map<string, unknown>(Object.entries(States));
  for (const [name, state] of Object.entries(States)) {
    if (state.Type !== 'Task' || !waitsForToken(state)) continue;
    const { TimeoutSeconds, TimeoutSecondsPath, Parameters, ...rest } = state;
    const wait =
      TimeoutSecondsPath === undefined ? { [WAIT_FIELD]: TimeoutSeconds } : { [`${WAIT_FIELD}.$`]: TimeoutSecondsPath };
    states.set(name, { ...rest, Parameters: { ...Parameters, ...wait }, TimeoutSeconds: AS_GOOD_AS_FOR_EVER_SECONDS });
  }
  return { StartAt, States: Object.fromEntries(states) } as InterpreterDefinition;
}

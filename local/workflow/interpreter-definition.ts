import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import { waitsForToken, type CheckedDefinition } from './definition-check.ts';

type InterpreterDefinition = ConstructorParameters<typeof Interpreter>[0];

/** Where the handler of a waiting task finds how long it may wait. */
export const WAIT_FIELD = 'WaitSeconds';
/** About eleven days: a timer can still take that. */
const AS_GOOD_AS_FOR_EVER_SECONDS = 1_000_000;

/**
 * The definition in the form in which the interpreter does what AWS does. The timeout of the machine is left out: the
 * caller enforces it. A task that waits for its token also enforces its own timeout, and gets it as a parameter: the
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

import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import type { Progress } from '../machine/progress.ts';

type InterpreterEvent = ReturnType<Interpreter['run']>['eventLogs'] extends AsyncGenerator<infer Event> ? Event : never;

/** What the interpreter reports of an execution, as progress; null for what is reported elsewhere or not at all. */
export function toProgress(event: InterpreterEvent, execution: string): Progress | null {
  const at = event.timestamp;
  switch (event.type) {
    case 'StateEntered':
      return { kind: 'state-entered', at, execution, state: event.state.name, input: event.state.input };
    case 'StateExited':
      return { kind: 'state-exited', at, execution, state: event.state.name, output: event.state.output };
    case 'StateFailed':
      return { kind: 'state-failed', at, execution, state: event.state.name, error: event.Error };
    case 'StateRetried':
      return { kind: 'state-retried', at, execution, state: event.state.name, error: '' };
    case 'StateCaught':
      return { kind: 'state-caught', at, execution, state: event.state.name, error: '' };
    default:
      return null;
  }
}

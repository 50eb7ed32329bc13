import type { AskPerson } from '../local/runs/approver.ts';
import type { Line } from '../local/terminal/narrator.ts';
import type { Scenario } from './scenario/scenario.ts';

/** Loads that are present while the first question is read, and no longer. */
interface LateLoads {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/**
 * Answers as the scenario says, or asks the given person; in either case only once the late loads have come or gone.
 */
export function answering(
  { answers = [] }: Scenario,
  { onLine, person }: { readonly person?: AskPerson | undefined; readonly onLine: (line: Line) => void },
  lateLoads: LateLoads,
): AskPerson {
  let asked = 0;
  return async (approval, signal) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? 'denied';
    if (asked === 1) await lateLoads.begin();
    if (asked === 2) await lateLoads.end();
    if (person === undefined) return { answer, by: 'the drill' };
    onLine({ at: Date.now(), kind: 'detail', text: `the scenario expects: ${answer}` });
    return person(approval, signal);
  };
}

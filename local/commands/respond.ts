import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { parseAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { warningsOf } from '../../lib/config/warnings.ts';
import { APPROVE_HELP, parseApprove, personFor } from '../options/approve-option.ts';
import { findLocalTarget, type ConfiguredTarget } from '../options/configured-target.ts';
import { UsageError } from '../options/usage-error.ts';
import type { RespondResult } from '../runs/respond-result.ts';
import { EXIT, exitStatusOf } from '../terminal/exit-status.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';
import { printLine } from '../terminal/progress-lines.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  event: z.optional(z.string()),
  records: z.string(),
  approve: z.optional(z.string()),
  stay: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom respond`: the workflow on this machine, against a server that is there already. */
export function respondCommand(): Command {
  return new Command('respond')
    .description('run the workflow on this machine against an existing server')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--event <file>', 'alarm event (JSON); without it one is made')
    .option('--records <folder>', 'where incidents are kept', '.headroom')
    .option('--approve <answer>', APPROVE_HELP)
    .option(
      '--stay',
      'go on after a page, for loop.stayMinutes of the policy (default: end at the page, with exit status 3)',
    )
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const approve = parseApprove(given.approve);
      const found = findLocalTarget(given.config, given.target, process.env);
      const event = given.event === undefined ? null : readEvent(given.event);
      for (const warning of warningsOf(found.config, 'local')) say(`${paint('yellow', 'warning:')} ${warning}`);
      const startedAt = Date.now();
      // Loads the CDK and the interpreter, which most commands do not need.
      const { respond } = await import('../runs/respond.ts');
      const answer = await respond(given.stay ? found : endingAtPage(found), {
        event,
        recordsFolder: given.records,
        environment: process.env,
        person: personFor(approve),
        onLine: (line) => printLine(line, startedAt),
      });
      if ('reason' in answer) {
        say(`the event opened no incident (${answer.result}): ${answer.reason}`);
        if (answer.result === 'stale') say('without --event, respond looks at the server as it is now');
        if (given.json) printJson(answer);
        process.exitCode = answer.result === 'refused' ? EXIT.failed : EXIT.ok;
        return;
      }
      if (given.json) printJson(answer);
      else printStory(answer);
      process.exitCode = exitStatusOf(answer.outcome);
    });
}

/** Whoever started it has read the page: the run ends there, as `watch` does not. */
function endingAtPage({ config, target }: ConfiguredTarget): ConfiguredTarget {
  const { policy } = target;
  const short = { ...target, policy: { ...policy, loop: { ...policy.loop, stayMinutes: 0 } } };
  return {
    target: short,
    config: { ...config, targets: config.targets.map((each) => (each === target ? short : each)) },
  };
}

/** Checked here too: whoever names a wrong file is told at once, and nobody else is notified of it. */
function readEvent(file: string): unknown {
  try {
    const event: unknown = JSON.parse(readFileSync(file, 'utf8'));
    parseAlarmEvent(event);
    return event;
  } catch (error) {
    throw new UsageError(`--event ${file} cannot be used: ${errorWords(error)}`);
  }
}

function printStory(result: RespondResult): void {
  const last = result.notifications.at(-1);
  print(
    last === undefined
      ? `incident ${result.incidentId}: ${result.outcome ?? 'not closed'}; headroom incidents show ${result.incidentId}`
      : `${last.subject}\n\n${last.body.trimEnd()}`,
  );
}

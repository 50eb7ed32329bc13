import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { parseAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import type { Unopened } from '../../functions/core/protocol/steps.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { warningsOf } from '../../lib/config/warnings.ts';
import { APPROVE_HELP, parseApprove, personFor } from '../options/approve-option.ts';
import type { ConfiguredTarget } from '../options/configured-target.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { usingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { DEFAULT_RECORDS } from '../options/where.ts';
import { respondOnAws } from '../runs/respond-on-aws.ts';
import type { RespondResult } from '../runs/respond-result.ts';
import { EXIT, exitStatusOf } from '../terminal/exit-status.ts';
import { paint, printJson, say } from '../terminal/output.ts';
import type { Line } from '../terminal/narrator.ts';
import { printLine } from '../terminal/progress-lines.ts';
import { printStory } from '../terminal/respond-story.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  event: z.optional(z.string()),
  records: z.optional(z.string()),
  approve: z.optional(z.string()),
  stay: z._default(z.boolean(), false),
  verbose: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom respond`: the workflow on this machine, against a server that is there already. */
export function respondCommand(): Command {
  return new Command('respond')
    .description('run the workflow now: on this machine, or on AWS for a target of an installation there')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--event <file>', 'alarm event (JSON); without it one is made')
    .option('--records <folder>', `where incidents of this machine are kept (default: ${DEFAULT_RECORDS})`)
    .option('--approve <answer>', APPROVE_HELP)
    .option(
      '--stay',
      'go on after a page, for loop.stayMinutes of the policy (default: end at the page, with exit status 3)',
    )
    .option('--verbose', 'every look in full, in place of what has changed')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const approve = parseApprove(given.approve);
      const found = await findServer(given, process.env);
      const place = placeOf(found.target);
      if (place === 'aws' && approve !== undefined) {
        throw new UsageError(`--approve: ${found.target.id} is on AWS, where people answer at the link in the notice`);
      }
      const event = given.event === undefined ? null : readEvent(given.event);
      for (const warning of warningsOf(found.config, place)) say(`${paint('yellow', 'warning:')} ${warning}`);
      const answer = await (place === 'aws' ? onAws(given, found, event) : onThisMachine(given, found, event));
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

type Given = z.infer<typeof options>;
type Answer = RespondResult | Unopened;

async function onThisMachine(given: Given, found: ConfiguredTarget, event: unknown): Promise<Answer> {
  const startedAt = Date.now();
  // Loads the CDK and the interpreter, which most commands do not need.
  const { respond } = await import('../runs/respond.ts');
  return respond(given.stay ? found : endingAtPage(found), {
    event,
    recordsFolder: given.records ?? DEFAULT_RECORDS,
    environment: process.env,
    person: personFor(parseApprove(given.approve)),
    onLine: (line) => printLine(line, startedAt),
    verbose: given.verbose,
  });
}

/** An incident on AWS goes on after its page, whoever reads it; without `--stay` it is no longer followed. */
async function onAws(given: Given, found: FoundServer, event: unknown): Promise<Answer> {
  const startedAt = Date.now();
  const onLine = (line: Line) => printLine(line, startedAt);
  return usingRecords({ ...given, aws: false, target: found.target.id }, ({ store }) =>
    respondOnAws(found, { event, store, stays: given.stay, onLine, verbose: given.verbose }),
  );
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

import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import { makeRehearsalEvent } from '../../functions/core/rehearsal/rehearsal-event.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { personFor } from '../options/approve-option.ts';
import { findServer } from '../options/found-server.ts';
import { usingRecords } from '../options/record-options.ts';
import { DEFAULT_RECORDS } from '../options/where.ts';
import { respondOnAws } from '../runs/respond-on-aws.ts';
import { EXIT } from '../terminal/exit-status.ts';
import type { Line } from '../terminal/narrator.ts';
import { printJson, say } from '../terminal/output.ts';
import { printLine } from '../terminal/progress-lines.ts';
import { printStory } from '../terminal/respond-story.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  records: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom rehearse`: an alarm that is made up, through dispatch and the workflow to the people, ending nobody. */
export function rehearseCommand(): Command {
  return new Command('rehearse')
    .description('a made-up alarm through the whole workflow: a real record and a real notice, and nobody is ended')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--records <folder>', `where incidents of this machine are kept (default: ${DEFAULT_RECORDS})`)
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const found = await findServer(given, process.env);
      const startedAt = Date.now();
      const onLine = (line: Line) => printLine(line, startedAt);
      const event = makeRehearsalEvent(userInfo().username, startedAt);
      const answer =
        placeOf(found.target) === 'aws'
          ? await usingRecords({ ...given, aws: false, target: found.target.id }, ({ store }) =>
              respondOnAws(found, { event, store, stays: false, onLine, verbose: false }),
            )
          : await (
              await import('../runs/respond.ts')
            ).respond(found, {
              ...{ event, onLine, verbose: false, environment: process.env, person: personFor('none') },
              recordsFolder: given.records ?? DEFAULT_RECORDS,
            });
      if (given.json) printJson(answer);
      if ('reason' in answer) {
        say(`the rehearsal opened no incident (${answer.result}): ${answer.reason}`);
        process.exitCode = EXIT.failed;
        return;
      }
      if (!given.json) printStory(answer);
      // What a page says of the server is no failure of the rehearsal; that it was not closed is.
      process.exitCode = answer.outcome === null || answer.outcome === 'failed' ? EXIT.failed : EXIT.ok;
    });
}

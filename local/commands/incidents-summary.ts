import { Command } from 'commander';
import * as z from 'zod/mini';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { listIncidents } from '../summary/list-incidents.ts';
import { parseSpan } from '../options/parse-until.ts';
import { readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { summaryInText } from '../summary/in-text.ts';
import { summarize, type Told } from '../summary/summary.ts';
import { print, printJson, say } from '../terminal/output.ts';

const summaryOptions = z.object({
  ...recordOptions,
  target: z.optional(z.string()),
  since: z.string(),
  json: z._default(z.boolean(), false),
});

/** More than a fleet has in a month. */
const MOST_INCIDENTS = 1_000;

/** `headroom incidents summary`. */
export function summaryCommand(): Command {
  return withRecordOptions(new Command('summary').description('what happened, what keeps coming back, what would help'))
    .option('--since <time>', 'how far back, such as 12h, 7d or 30d', '30d')
    .option('--target <id>', 'of one target')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = summaryOptions.parse(raw);
      const until = Date.now();
      const since = until - parseSpan('--since', given.since);
      const told = await readingRecords(
        given,
        ({ store }) => tellSince(store, since, given.target),
        () => [],
      );
      const summary = summarize(told, { since, until });
      if (given.json) printJson(summary);
      else print(summaryInText(summary));
      if (told.length >= MOST_INCIDENTS) say(`there may be more: only the latest ${MOST_INCIDENTS} were read`);
    });
}

async function tellSince(store: IncidentStore, since: number, target: string | undefined): Promise<Told[]> {
  const listed = await listIncidents(store, { target }, MOST_INCIDENTS);
  const told: Told[] = [];
  for (const incident of listed.filter(({ openedAt }) => openedAt >= since)) {
    told.push({ incident, acts: incident.endedCount === 0 ? [] : await store.acts.of(incident.id) });
  }
  return told;
}

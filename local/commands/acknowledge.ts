import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import type { Incident } from '../../functions/core/record/incident.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { howToList, readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { print, printJson } from '../terminal/output.ts';

const options = z.object({
  ...recordOptions,
  by: z.optional(z.string()),
  note: z._default(z.string(), ''),
  json: z._default(z.boolean(), false),
});

/** `headroom acknowledge ID`: a person takes care of it, so no person is paged for it again. */
export function acknowledgeCommand(): Command {
  return withRecordOptions(
    new Command('acknowledge')
      .description('acknowledge an escalated or failed incident: no person is paged for it again')
      .argument('<id>', 'incident'),
  )
    .option('--by <name>', 'who takes care of it (default: you)')
    .option('--note <words>', 'what the others should know')
    .option('--json', 'one JSON document on standard output')
    .action(async (id: string, raw: unknown) => {
      const given = options.parse(raw);
      const { by = userInfo().username, note } = given;
      const incident = await readingRecords(given, async ({ store }) => {
        checkTakeable(id, await store.incidents.byId(id), howToList(given));
        return store.notices.acknowledge(id, { by, at: Date.now(), note });
      });
      if (given.json) printJson({ incidentId: id, acknowledgement: incident?.acknowledgement ?? null });
      else print(`incident ${id}: ${takenInWords(incident?.acknowledgement ?? null)}`);
    });
}

/** An open incident may still page. */
function checkTakeable(id: string, incident: Incident | null, howToSeeAll: string): void {
  if (incident === null) {
    throw new UsageError(`there is no incident ${id} in these records; to see which there are: ${howToSeeAll}`);
  }
  const { outcome } = incident;
  if (outcome !== null && outcome !== 'escalated' && outcome !== 'failed') {
    throw new UsageError(`incident ${id} is closed as ${outcome}: no person is paged for it`);
  }
}

function takenInWords(taken: Incident['acknowledgement']): string {
  if (taken === null) return 'nobody has it';
  const { by, at, note } = taken;
  return `${printable(by)} has it since ${new Date(at).toISOString()}${note === '' ? '' : `: ${printable(note, 300)}`}`;
}

import { Command } from 'commander';
import * as z from 'zod/mini';
import { PROFILE_MS, type Profile } from '../../functions/core/usual/profile.ts';
import { tabulateProfile, type ProfileRow, type ProfileTable, type Range } from '../terminal/profile-table.ts';
import { count } from '../../functions/core/words/count.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { print, printJson } from '../terminal/output.ts';
import { tableOf } from '../terminal/table.ts';

const LONGEST_NAME = 60;

const options = z.object({ ...recordOptions, target: z.string(), json: z._default(z.boolean(), false) });

/** `headroom profile`: how many sessions each consumer of a target usually holds. */
export function profileCommand(): Command {
  return withRecordOptions(new Command('profile').description('how many sessions each consumer usually holds'))
    .requiredOption('--target <id>', 'of this target')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const now = Date.now();
      const profile = await readingRecords(
        given,
        ({ store }): Promise<Profile> => store.profiles.since(given.target, now - PROFILE_MS),
        () => [],
      );
      const table = tabulateProfile(profile, now);
      if (given.json) printJson({ target: given.target, ...table });
      else print(inWords(given.target, table));
    });
}

function inWords(target: string, table: ProfileTable): string {
  const { quarters, from, to, nextAt, hour, ofThisHour } = table;
  if (from === null || to === null) {
    return (
      `no profile of ${target} yet: it grows by each quarter of an hour in which the server is sampled and has no ` +
      `incident or pause. The next one ends at ${momentOf(nextAt)}; it is on record with the first sample after that.`
    );
  }
  const days = `${count(quarters, 'quarter')} of an hour from ${momentOf(from)} to ${momentOf(to)}`;
  const head = ['consumer', `sessions, ${hour}:00 to ${hour + 1}:00`, 'last 24 h', 'most in use at once', 'last seen'];
  return [
    `${target}: ${days}; ${ofThisHour} of this hour`,
    tableOf(head, table.consumers.map(cellsOf)),
    'Hours are by UTC. Incidents and pauses are left out.',
  ].join('\n');
}

function cellsOf({ name, atThisHour, inLastDay, mostUsed, lastSeen }: ProfileRow): string[] {
  return [
    printable(name, LONGEST_NAME),
    atThisHour === null ? 'not known' : rangeOf(atThisHour),
    rangeOf(inLastDay),
    String(mostUsed),
    momentOf(lastSeen),
  ];
}

function rangeOf({ low, high }: Range): string {
  return low === high ? String(low) : `${low} to ${high}`;
}

function momentOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

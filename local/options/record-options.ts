import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { commandFor } from '../../functions/core/words/commands.ts';
import { loadInstallations } from '../../lib/config/config.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { explainAws } from '../installation/aws-errors.ts';
import type { OpenRecords } from './open-records.ts';
import { UsageError } from './usage-error.ts';
import { commandsOf, configFileOf, DEFAULT_RECORDS, findWhere, onAws, type Where, type WhereOptions } from './where.ts';

export const recordOptions = {
  records: z.optional(z.string()),
  aws: z._default(z.boolean(), false),
  config: z.optional(z.string()),
};

/** The options of every command that reads or writes incident records. */
export function withRecordOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration, which says where the records are (default: headroom.yaml if it exists)')
    .option('--records <folder>', `the records of local runs in this folder (default: ${DEFAULT_RECORDS})`)
    .option('--aws', 'the incident table on AWS, where the configuration has targets of this machine too');
}

/** Opens the records, gives them to `use`, and closes them whatever happens. A folder is made where there is none. */
export async function usingRecords<T>(given: WhereOptions, use: (records: OpenRecords) => Promise<T>): Promise<T> {
  return useRecords(findWhere(given), use);
}

/** The same for what is on record already: makes no folder. `absent` throws when it is missing. */
export async function readingRecords<T>(
  given: WhereOptions,
  use: (records: OpenRecords) => Promise<T>,
  absent: (folder: string) => T = refuseAbsent,
): Promise<T> {
  const where = findWhere(given);
  if (where.place === 'local' && !existsSync(where.folder)) return absent(where.folder);
  return useRecords(where, use);
}

/** What came of one installation of several. */
export interface Read<T> {
  readonly config: HeadroomConfig;
  readonly result: T | Error;
}

/**
 * The records of every installation of a configuration, all at once. One that cannot be read holds up no other: why is
 * its result. Throws ConfigInvalid, and UsageError where there is no configuration.
 */
export async function readingAllRecords<T>(
  { config: named, records, aws }: WhereOptions,
  use: (records: OpenRecords) => Promise<T>,
): Promise<readonly Read<T>[]> {
  const file = configFileOf({ config: named });
  if (file === undefined) throw new UsageError('--all needs --config FILE: it names the installations');
  if (aws || records !== undefined)
    throw new UsageError('--all reads what the configuration names: leave --aws and --records out');
  return Promise.all(
    loadInstallations(file).map(async (config) => {
      const read = async (): Promise<T> => useRecords(onAws(config), use);
      const result = await read().catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
      return { config, result };
    }),
  );
}

/** For people who look for an installation on AWS in the local records. */
export const ON_AWS = 'those of an installation on AWS are found by its configuration: --config FILE';

function refuseAbsent(folder: string): never {
  throw new UsageError(`no local records here (${folder}); ${ON_AWS}`);
}

/** How to see which incidents there are. */
export function howToList(given: WhereOptions): string {
  return commandFor('incidents list', { id: '', commands: commandsOf(given) });
}

async function useRecords<T>(where: Where, use: (records: OpenRecords) => Promise<T>): Promise<T> {
  // Brings a database along, which most commands do without.
  const { openAwsRecords, openLocalRecords } = await import('./open-records.ts');
  const records = where.place === 'aws' ? openAwsRecords(where) : await openLocalRecords(where.folder, where.prefix);
  try {
    return await use(records);
  } catch (error) {
    throw where.place === 'aws' ? explainAws(error, where) : error;
  } finally {
    await records.close();
  }
}

/** Throws UsageError when these records have no such incident. */
export async function findIncident(
  store: Pick<IncidentStore, 'incidents'>,
  id: string,
  given: WhereOptions,
): Promise<Incident> {
  const incident = await store.incidents.byId(id);
  if (incident !== null) return incident;
  throw new UsageError(`there is no incident ${id} in these records; to see which there are: ${howToList(given)}`);
}

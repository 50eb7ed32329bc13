import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { loadConfig } from '../../lib/config/config.ts';
import type { OpenRecords } from './open-records.ts';
import { UsageError } from './usage-error.ts';

export const recordOptions = {
  records: z.string(),
  aws: z._default(z.boolean(), false),
  config: z.optional(z.string()),
};

/** The options of every command that reads or writes incident records. */
export function withRecordOptions(command: Command): Command {
  return command
    .option('--records <folder>', 'the records of local runs', '.headroom')
    .option('--aws', 'the incident table on AWS instead; needs --config')
    .option('--config <file>', 'configuration: names the table and its region');
}

interface Given {
  readonly records: string;
  readonly aws: boolean;
  readonly config?: string | undefined;
}

/** Whether there are any. To be asked before reading, which must not make the folder. */
export function hasRecords({ aws, records }: Pick<Given, 'aws' | 'records'>): boolean {
  return aws || existsSync(records);
}

/** The same as usingRecords, for what needs records that are there already. Throws UsageError when there are none. */
export async function usingExistingRecords<T>(given: Given, use: (records: OpenRecords) => Promise<T>): Promise<T> {
  if (!hasRecords(given)) throw new UsageError(`no local records here (${given.records}); ${ON_AWS}`);
  return usingRecords(given, use);
}

/** For people who look for an installation on AWS in the local records. */
export const ON_AWS = 'for an installation on AWS add --aws --config headroom.yaml';

/** Opens the records, gives them to `use`, and closes them whatever happens. */
export async function usingRecords<T>(given: Given, use: (records: OpenRecords) => Promise<T>): Promise<T> {
  const records = await (given.aws ? openAws(given.config) : openLocal(given));
  try {
    return await use(records);
  } finally {
    await records.close();
  }
}

async function openLocal({ records, config }: Given): Promise<OpenRecords> {
  // Without a configuration: the default that local runs have too.
  const prefix = config === undefined ? 'headroom' : loadConfig(config).installation.prefix;
  // Brings a database along, which most commands do without.
  const { openLocalRecords } = await import('./open-records.ts');
  return openLocalRecords(records, prefix);
}

async function openAws(file: string | undefined): Promise<OpenRecords> {
  if (file === undefined) throw new UsageError('--aws needs --config FILE: it names the table and its region');
  const { installation } = loadConfig(file);
  if (installation.region === undefined)
    throw new UsageError(`${file}: installation.region is missing; --aws needs it`);
  const { openAwsRecords } = await import('./open-records.ts');
  return openAwsRecords(installation.region, installation.prefix);
}

import { existsSync } from 'node:fs';
import type { CommandPlace } from '../../functions/core/words/commands.ts';
import { DEFAULT_CONFIG, loadConfig } from '../../lib/config/config.ts';
import { placeOfRecords } from '../../lib/config/aws-targets.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { UsageError } from './usage-error.ts';

export const DEFAULT_RECORDS = '.headroom';

/** The options that say which records a command is about. */
export interface WhereOptions {
  readonly config?: string | undefined;
  /** Undefined when it was not given. */
  readonly records?: string | undefined;
  readonly aws: boolean;
  readonly target?: string | undefined;
}

export interface OnAws {
  readonly place: 'aws';
  readonly prefix: string;
  readonly region: string;
  readonly account: string | undefined;
  /** The AWS profile whose credentials are used; undefined: those that the SDK finds. */
  readonly profile: string | undefined;
}

/** The records that a command is about. */
export type Where = OnAws | { readonly place: 'local'; readonly prefix: string; readonly folder: string };

/** The configuration that is named, or the default one where it exists. */
export function configFileOf({ config }: Pick<WhereOptions, 'config'>): string | undefined {
  return config ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
}

/**
 * The configuration says where the records are, unless `--records` or `--aws` does. Throws ConfigInvalid, and
 * UsageError when the options contradict each other or AWS cannot be found.
 */
export function findWhere(given: WhereOptions): Where {
  const { records, aws } = given;
  if (aws && records !== undefined) throw new UsageError('use --records or --aws, not both');
  const file = configFileOf(given);
  const config = file === undefined ? null : loadConfig(file);
  if (aws && config === null) {
    throw new UsageError(`--aws needs --config FILE, or ${DEFAULT_CONFIG} here: it names the table and its region`);
  }
  const place = records === undefined && config !== null ? placeOfRecords(config, given.target ?? null) : 'local';
  if (config !== null && (aws || place === 'aws')) return onAws(config);
  // Without a configuration: the default that local runs have too.
  return { place: 'local', prefix: config?.installation.prefix ?? 'headroom', folder: records ?? DEFAULT_RECORDS };
}

/** Throws UsageError when the configuration does not say where the installation is. */
export function onAws({ installation }: HeadroomConfig): OnAws {
  const { prefix, region, account, profile } = installation;
  if (region === undefined) throw new UsageError('installation.region is missing: it says where the installation is');
  return { place: 'aws', prefix, region, account, profile };
}

/** What a command that this one names needs, to be about the same records. */
export function commandsOf({ config, records }: Pick<WhereOptions, 'config' | 'records'>): CommandPlace {
  const isDefault = (value: string | undefined, ordinary: string) => value === undefined || value === ordinary;
  return {
    config: isDefault(config, DEFAULT_CONFIG) ? null : (config ?? null),
    records: isDefault(records, DEFAULT_RECORDS) ? null : (records ?? null),
  };
}

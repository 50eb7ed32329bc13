import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { printable } from '../../functions/core/words/printable.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { valueAt } from '../../functions/core/words/records.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../options/usage-error.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { ownerOf } from './network.ts';
import { propose } from './clusters.ts';
import type { Entry, Proposal, Skipped } from './propose.ts';
import { writtenUnder } from './with-defaults.ts';
import { readIfThere, writeConfig } from './write-config.ts';
import { newFile, withTargets } from './yaml-text.ts';

/** What came of one region. */
export interface Discovered {
  readonly file: string;
  readonly region: string;
  readonly added: readonly Proposal[];
  /** Targets of the file that AWS has as well, with what differs. */
  readonly known: readonly { readonly id: string; readonly differs: readonly string[] }[];
  /** Targets of the file that AWS does not have, or not with these tags. */
  readonly notFound: readonly string[];
  readonly skipped: readonly Skipped[];
  readonly unknown: readonly string[];
}

/**
 * Writes what is new of a region into a configuration: a new file, or behind the targets of one that is there. Throws
 * ConfigInvalid and UsageError when the file that is there cannot take it; then nothing is written.
 */
export function writeDiscovered(file: string, inventory: Inventory): Discovered {
  const before = readIfThere(file);
  const config = before === null ? null : parseConfig(before, file);
  const account = accountOf(inventory);
  if (config !== null) checkPlace(file, config, { account, region: inventory.region });
  const existing = (config?.targets ?? []).filter((target) => placeOf(target) === 'aws');
  const isKnown = (instance: string): boolean => existing.some((target) => isSameName(target.instance, instance));
  const ids = config?.targets.map(({ id }) => id) ?? [];
  const { proposals, skipped } = propose(inventory, { ids, isWritten: isKnown });
  const added = proposals.filter(({ entry }) => !existing.some((target) => isOf(target, entry)));
  if (added.length > 0) {
    const text =
      before === null
        ? firstText(file, added, { account, region: inventory.region })
        : withTargets(
            before,
            added.map((each) => writtenUnder(defaultsOf(before), each)),
            file,
          );
    writeConfig(file, text, before);
  }
  return {
    file,
    region: inventory.region,
    added,
    known: existing.flatMap((target) => {
      const now = proposals.find(({ entry }) => isOf(target, entry));
      return now === undefined ? [] : [{ id: target.id, differs: differencesOf(target, now) }];
    }),
    notFound: existing.filter((target) => !isThere(target, inventory)).map(({ id }) => id),
    skipped: skipped.filter(({ name }) => !isKnown(name)),
    unknown: inventory.unknown,
  };
}

function isOf(target: Target, { instance, cluster }: Entry): boolean {
  return isSameName(target.instance, instance) || isSameName(target.cluster, cluster);
}

function isThere({ instance, cluster }: Target, { instances, clusters }: Inventory): boolean {
  return cluster === undefined
    ? instances.some((each) => isSameName(instance, each.DBInstanceIdentifier))
    : [...clusters.keys()].some((name) => isSameName(cluster, name));
}

/** RDS does not tell upper case from lower case. */
function isSameName(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a.toLowerCase() === b?.toLowerCase();
}

/** An installation is in one account and region. */
function checkPlace(
  file: string,
  { installation, targets }: HeadroomConfig,
  found: { readonly account: string | null; readonly region: string },
): void {
  if (targets.some((target) => placeOf(target) === 'local')) {
    throw new UsageError(`${file} has targets of this machine and cannot be deployed; name another file with --config`);
  }
  for (const key of ['account', 'region'] as const) {
    const [written, here] = [installation[key], found[key]];
    if (written !== undefined && here !== null && written !== here) {
      throw new UsageError(
        `${file} is of ${key} ${written}, and what was read is of ${key} ${printable(here)}; name another file with --config`,
      );
    }
  }
}

function accountOf({ instances }: Inventory): string | null {
  return instances.map(ownerOf).find((account) => account !== '') ?? null;
}

function defaultsOf(text: string): unknown {
  return valueAt(parseDocument(text).toJS(), ['defaults']);
}

function firstText(
  file: string,
  added: readonly Proposal[],
  installation: { readonly account: string | null; readonly region: string },
): string {
  const networks = added.map(({ entry }) => entry.network);
  const isShared = networks.every((network) => isDeepStrictEqual(network, networks[0]));
  const defaults = { mode: 'observe', ...(isShared ? { network: networks[0] } : {}) };
  const schema = existsSync(join(dirname(file), 'headroom.schema.json'))
    ? ['yaml-language-server: $schema=./headroom.schema.json', '']
    : [];
  const header = [
    ...schema,
    `Written by "headroom discover" from what AWS says of region ${installation.region}. It is yours from here on: run`,
    'again, it adds what is new and leaves what is written. Every field, its default and its limits: docs/policy.md.',
  ];
  return newFile(header.join('\n'), {
    installation,
    defaults,
    targets: added.map((each) => writtenUnder(defaults, each)),
  });
}

/** What a person wrote stays; that AWS says otherwise is told. An estimate is no reason to doubt what is written. */
function differencesOf(target: Target, { entry, slotsSource }: Proposal): string[] {
  const isMeasured = slotsSource?.startsWith('An estimate') === false;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['engine', target.engine, entry.engine],
    ['resourceId', target.resourceId, entry.resourceId],
    ['endpoint.host', target.endpoint?.host.toLowerCase(), entry.endpoint.host.toLowerCase()],
    ...(isMeasured ? [['maxConnections', target.maxConnections, entry.maxConnections] as const] : []),
  ];
  return pairs
    .filter(([, written, now]) => written !== undefined && written !== now)
    .map(([field, written, now]) => `${field} is ${String(written)} in the file, and ${String(now)} on AWS`);
}

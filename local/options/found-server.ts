import { memberSettings } from '../../functions/core/fleet/member-settings.ts';
import { memberId, memberOf } from '../../functions/core/members/member.ts';
import type { KnownMember } from '../../functions/core/members/compare-members.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { Targets } from '../../functions/core/ports/stores/targets.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import { findAnyTarget, findTarget, type ConfiguredTarget, type TargetOptions } from './configured-target.ts';
import { readingRecords } from './record-options.ts';
import { UsageError } from './usage-error.ts';

/** One server: a target of the configuration, or a member of one that is a cluster. */
export interface FoundServer extends ConfiguredTarget {
  /** Those of the member where the target is a cluster. */
  readonly settings: TargetSettings;
}

/**
 * The server that a command is about. The members of a cluster are read from the records of its installation. Throws
 * UsageError, with the members that there are, where a cluster is named and none of them.
 */
export async function findServer(given: TargetOptions, environment: NodeJS.ProcessEnv): Promise<FoundServer> {
  const found = findAnyTarget(given, environment);
  const settings = toTargetSettings(found.config, found.target);
  if (settings.isCluster !== true) return { ...found, settings };
  const members = await membersOf(given, found);
  return {
    ...found,
    settings: memberSettings(settings, pickMember(given.target ?? settings.id, settings.id, members)),
  };
}

/** The same for every server of a target: the members of a cluster where none is named. */
export async function findServers(given: TargetOptions, found: ConfiguredTarget): Promise<readonly FoundServer[]> {
  const settings = toTargetSettings(found.config, found.target);
  if (settings.isCluster !== true) return [{ ...found, settings }];
  const members = await membersOf(given, found);
  const isNamed = given.target !== undefined && memberOf(given.target) !== null;
  const meant = isNamed ? [pickMember(given.target ?? '', settings.id, members)] : members;
  return meant.map((member) => ({ ...found, settings: memberSettings(settings, member) }));
}

/**
 * Throws UsageError, with what there is, for a target that the configuration does not have, and for a member that its
 * cluster does not have.
 */
export async function checkKnown(given: TargetOptions, { members }: Pick<Targets, 'members'>): Promise<void> {
  const { target } = findTarget(given);
  if (given.target === undefined || given.target === target.id) return;
  pickMember(given.target, target.id, await members(target.id));
}

function membersOf(given: TargetOptions, { target }: ConfiguredTarget): Promise<readonly KnownMember[]> {
  const where = { ...given, aws: false, target: target.id };
  return readingRecords(where, ({ store }) => store.targets.members(target.id));
}

function pickMember(named: string, clusterId: string, members: readonly KnownMember[]): KnownMember {
  const found = members.find(({ name }) => memberId(clusterId, name) === named);
  if (found !== undefined) return found;
  const known = members.map(({ name, isWriter }) => `${memberId(clusterId, name)}${isWriter ? ' (writer)' : ''}`);
  const problem =
    named === clusterId ? `${clusterId} is a cluster; name one of its members` : `${clusterId} has no such member`;
  throw new UsageError(
    `--target ${named}: ${problem}; ` +
      (known.length === 0
        ? 'none is known yet: the installation looks for them within minutes of its deployment, and each hour'
        : `it has ${known.join(', ')}`),
  );
}

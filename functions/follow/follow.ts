import { memberSettings } from '../core/fleet/member-settings.ts';
import { compareMembers, type KnownMember, type MemberChange } from '../core/members/compare-members.ts';
import { memberId } from '../core/members/member.ts';
import { composeChanges, type Change } from '../core/messages/changes.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { Databases } from '../core/ports/outside.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { releaseTarget, type ReleaseDependencies } from '../fleet/release-target.ts';
import { checkIdentity, markMoved } from './check-identity.ts';
import { keepThresholds, removeAlarms, type ThresholdDependencies } from './keep-thresholds.ts';

export interface FollowDependencies extends ThresholdDependencies {
  readonly store: ReleaseDependencies['store'] &
    ThresholdDependencies['store'] &
    Pick<IncidentStore, 'targets' | 'warnings'>;
  readonly databases: Databases;
  readonly worker: ReleaseDependencies['worker'];
  readonly notifier: ReleaseDependencies['notifier'];
  readonly reportLinks?: ReleaseDependencies['reportLinks'];
}

/**
 * Has another look at a target by the control plane: who its members are, whether it still is the server that the
 * deployment meant, whether it pauses, and whether its alarms stand where its slots are. Writes what has changed and
 * notifies people once. A server or cluster that is not there changes nothing: it is being renamed, or a person takes
 * it out. Safe to repeat. Throws for AWS, and for the topic when all else is done.
 */
export async function followTarget(target: TargetSettings, deps: FollowDependencies): Promise<readonly Change[]> {
  const changes = target.isCluster === true ? await followCluster(target, deps) : await followInstance(target, deps);
  const message = composeChanges(target, changes, deps.now());
  if (message !== null) await deps.notifier.publish(message);
  await markMoved(target, changes, deps);
  return changes;
}

async function followInstance(target: TargetSettings, deps: FollowDependencies): Promise<Change[]> {
  const seen = await deps.databases.instance(target.instance);
  const cluster = seen?.cluster == null ? null : await deps.databases.cluster(seen.cluster);
  const ids = seen && [seen.resourceId, ...(cluster === null ? [] : [cluster.resourceId])];
  const changes = await checkIdentity(target, ids, deps);
  changes.push(...(await keepThresholds(target, deps)));
  await deps.store.targets.markFollowed(target.id, cluster?.pauses ?? false, deps.now());
  return changes;
}

async function followCluster(cluster: TargetSettings, deps: FollowDependencies): Promise<Change[]> {
  const { targets } = deps.store;
  const known = await targets.members(cluster.id);
  const seen = await deps.databases.cluster(cluster.instance);
  const changes = await checkIdentity(cluster, seen && [seen.resourceId], deps);
  const found = seen === null ? [] : compareMembers(known, seen);
  for (const change of found)
    if (change.kind !== 'went') await targets.putMember(cluster.id, change.member, deps.now());
  const members = await targets.members(cluster.id);
  const gone = found.filter(({ kind }) => kind === 'went');
  for (const { member } of gone) await letGo(cluster, member, members, deps);
  changes.push(...found.flatMap(toChange));
  const staying = members.filter(({ name }) => !gone.some(({ member }) => member.name === name));
  for (const member of staying) changes.push(...(await keepThresholds(memberSettings(cluster, member), deps)));
  await targets.markFollowed(cluster.id, seen?.pauses ?? false, deps.now());
  return changes;
}

/** A limit of a user is one of the whole cluster, so its writer lifts it. */
async function letGo(
  cluster: TargetSettings,
  member: KnownMember,
  members: readonly KnownMember[],
  deps: FollowDependencies,
): Promise<void> {
  const writer = members.find(({ isWriter, name }) => isWriter && name !== member.name);
  const lifter = writer === undefined ? null : memberSettings(cluster, writer);
  const id = memberId(cluster.id, member.name);
  await releaseTarget(id, { lifter, why: `${member.name} has left the cluster ${cluster.instance}` }, deps);
  await removeAlarms(memberSettings(cluster, member), deps);
  // Last: what a crash leaves is found and done again.
  await deps.store.targets.removeMember(cluster.id, member.name);
}

function toChange({ kind, member }: MemberChange): Change[] {
  return kind === 'other' ? [] : [{ kind, member: member.name, isWriter: member.isWriter }];
}

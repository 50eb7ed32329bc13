import type { RosterRow } from '../core/fleet/roster.ts';
import { memberOf } from '../core/members/member.ts';
import { parseRdsEvent, type RdsEvent } from '../core/members/rds-event.ts';
import type { Change } from '../core/messages/changes.ts';
import type { FunctionCaller } from '../core/ports/outside.ts';
import { BadRequest } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import { followRequest } from '../core/protocol/steps.ts';
import { followTarget, type FollowDependencies } from './follow.ts';

export interface AnswerDependencies extends FollowDependencies {
  readonly functions: FunctionCaller;
}

export interface FollowOutcome {
  /** What has changed about each target that was looked at. */
  readonly followed: Readonly<Record<string, readonly Change[]>>;
}

/** A target to follow, by its id, or an event of RDS: whatever it is about is followed and sampled at once. */
export async function answer(payload: unknown, deps: AnswerDependencies): Promise<FollowOutcome> {
  if (isOfRds(payload)) return followEvent(payload, deps);
  const { target } = parseRequest(followRequest, payload);
  return follow([clusterOf(target)], deps);
}

async function followEvent(payload: unknown, deps: AnswerDependencies): Promise<FollowOutcome> {
  const event = parseRdsEvent(payload);
  if (event === null) throw new BadRequest('not an event of RDS about an instance or a cluster');
  const rows = await concernedBy(event, deps);
  const outcome = await follow([...new Set(rows.map(({ id }) => clusterOf(id)))], deps);
  for (const { id, isCluster } of rows) {
    if (!isCluster) await deps.functions.call('sample', { schema: SCHEMA, kind: 'sample', target: id, samples: 1 });
  }
  return outcome;
}

/** Most events of an account are about servers that are no targets; of those, an instance may be a member that comes. */
async function concernedBy({ of, name }: RdsEvent, deps: AnswerDependencies): Promise<RosterRow[]> {
  const rows = await deps.store.targets.roster();
  const isAbout = (watched: string, isCluster: boolean) => (row: RosterRow) =>
    row.watches === watched && row.isCluster === isCluster;
  const concerned = rows.filter(isAbout(name, of === 'cluster'));
  if (of === 'cluster' || concerned.length > 0 || !rows.some(({ isCluster }) => isCluster)) return concerned;
  const cluster = (await deps.databases.instance(name))?.cluster;
  return cluster == null ? [] : rows.filter(isAbout(cluster, true));
}

async function follow(ids: readonly string[], deps: AnswerDependencies): Promise<FollowOutcome> {
  const followed: Record<string, readonly Change[]> = {};
  for (const id of ids) {
    const settings = await deps.store.targets.find(id);
    if (settings !== null) followed[id] = await followTarget(settings, deps);
  }
  return { followed };
}

/** Members are followed with their cluster. */
function clusterOf(id: string): string {
  return memberOf(id)?.clusterId ?? id;
}

function isOfRds(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'source' in payload;
}

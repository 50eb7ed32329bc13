import { memberSettings } from '../core/fleet/member-settings.ts';
import { memberId, memberOf } from '../core/members/member.ts';
import { targetSettings, type TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { BadRequest } from '../core/protocol/errors.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import { problemsIn } from '../core/protocol/zod-words.ts';
import { parseJson } from '../core/words/parse-json.ts';
import { releaseTarget, type ReleaseDependencies } from '../fleet/release-target.ts';
import { TARGET_RESOURCE, type StackRequest } from './stack-request.ts';

export interface RegisterDependencies extends ReleaseDependencies {
  readonly store: ReleaseDependencies['store'] & Pick<IncidentStore, 'targets'>;
}

export interface Registered {
  /** CloudFormation's name for what was written. */
  readonly physicalId: string;
  /** What was done, in words. */
  readonly done: readonly string[];
}

/**
 * Writes a target of a stack into the table, and takes it out when its stack goes or leaves it out: from then on
 * nobody acts upon it. For the list of all targets, takes out those that are not on it. Safe to repeat. Throws for
 * the table and for a request that cannot be read.
 */
export async function register(request: StackRequest, deps: RegisterDependencies): Promise<Registered> {
  return request.resourceType === TARGET_RESOURCE ? registerTarget(request, deps) : keepListed(request, deps);
}

async function registerTarget(request: StackRequest, deps: RegisterDependencies): Promise<Registered> {
  const { kind, properties, physicalId: known, stackId } = request;
  if (kind === 'Delete') return { physicalId: known ?? 'none', done: await remove(idIn(known), stackId, deps) };
  const settings = settingsIn(properties);
  await deps.store.targets.register(settings, stackId, deps.now());
  return { physicalId: physicalIdOf(settings.id), done: [`registered ${settings.id}`] };
}

/** Where the list goes, the installation goes; each target goes with its own stack. */
async function keepListed(request: StackRequest, deps: RegisterDependencies): Promise<Registered> {
  const { kind, properties } = request;
  const physicalId = 'targets';
  if (kind === 'Delete') return { physicalId, done: [] };
  const listed = new Set(idsIn(properties['Targets']));
  const rows = await rosterIfAny(kind, deps);
  // Members go with their cluster.
  const gone = rows.filter(({ id }) => memberOf(id) === null && !listed.has(id));
  const done = await Promise.all(gone.map(({ id }) => remove(id, null, deps)));
  return { physicalId, done: done.flat() };
}

/** The table of an installation is created last, so a new one has none yet. */
async function rosterIfAny(kind: StackRequest['kind'], { store }: RegisterDependencies) {
  try {
    return await store.targets.roster();
  } catch (error) {
    if (kind === 'Create' && error instanceof Error && error.name === 'ResourceNotFoundException') return [];
    throw error;
  }
}

async function remove(targetId: string | null, owner: string | null, deps: RegisterDependencies): Promise<string[]> {
  if (targetId === null) return [];
  const { targets } = deps.store;
  const settings = await targets.remove(targetId, owner);
  if (settings === 'kept') return [`left ${targetId}: another stack has it`];
  const members = await targets.members(targetId);
  for (const { name } of members) await targets.removeMember(targetId, name);
  const released = [await releaseTarget(targetId, { lifter: settings, why: WHY_GONE }, deps)];
  const writer = members.find(({ isWriter }) => isWriter);
  for (const { name } of members) {
    const lifter = settings && writer ? memberSettings(settings, writer) : null;
    released.push(await releaseTarget(memberId(targetId, name), { lifter, why: WHY_GONE }, deps));
  }
  return [`removed ${targetId}`, ...released.flat()];
}

const WHY_GONE = 'the target left the configuration';

const PHYSICAL = 'target/';
const physicalIdOf = (targetId: string): string => `${PHYSICAL}${targetId}`;

/** Null for what was never registered: CloudFormation takes back what it could not create, too. */
function idIn(physicalId: string | null): string | null {
  return physicalId?.startsWith(PHYSICAL) === true ? physicalId.slice(PHYSICAL.length) : null;
}

/** CloudFormation makes text of every number, so the settings come as text. */
function settingsIn({ Schema: schema, Settings: text }: StackRequest['properties']): TargetSettings {
  if (schema !== String(SCHEMA)) {
    const versions = `the settings have schema ${String(schema)} and the deployed functions know ${SCHEMA}`;
    throw new BadRequest(`${versions}: deploy all stacks of the installation from one version of Headroom`);
  }
  const parsed = targetSettings.safeParse(typeof text === 'string' ? parseJson(text) : undefined);
  if (parsed.success) return parsed.data;
  throw new BadRequest(problemsIn(parsed.error, 'Settings').join('; '));
}

function idsIn(list: unknown): string[] {
  if (Array.isArray(list) && list.every((id) => typeof id === 'string')) return list;
  throw new BadRequest('Targets: expected the ids of all targets');
}

import type { Change } from '../core/messages/changes.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';

export interface IdentityDependencies {
  readonly store: Pick<IncidentStore, 'warnings'>;
  readonly now: () => number;
}

/** In the store of warnings, so that people are notified once, and again only when it has been right in between. */
const MOVED = 'moved';
const CLAIM_MS = 30_000;

/**
 * Whether another server or cluster has the target's name now, as after a blue/green switchover. `ids`: the resource
 * ids it may be logged in to by; null when nothing has the name.
 */
export async function checkIdentity(
  { id, resourceId }: TargetSettings,
  ids: readonly string[] | null,
  { store, now }: IdentityDependencies,
): Promise<Change[]> {
  const [current] = ids ?? [];
  if (resourceId === undefined || current === undefined || ids?.includes(resourceId) === true) {
    if (current !== undefined) await store.warnings.clear(id, MOVED);
    return [];
  }
  const known = (await store.warnings.of(id)).find(({ name }) => name === MOVED);
  if (known !== undefined && known.notifiedAt !== null) return [];
  const at = now();
  if (!(await store.warnings.claim(id, { name: MOVED, since: at }, { at, until: at + CLAIM_MS }))) return [];
  // IAM names an instance of Aurora by its cluster, which is listed last.
  return [{ kind: 'moved', before: resourceId, now: ids?.at(-1) ?? current }];
}

/** People have been notified of it. */
export async function markMoved(
  { id }: TargetSettings,
  changes: readonly Change[],
  { store, now }: IdentityDependencies,
): Promise<void> {
  if (changes.some(({ kind }) => kind === 'moved')) await store.warnings.markNotified(id, MOVED, now());
}

import type { NewIncident, Opening } from '../../../core/ports/stores/incidents.ts';
import { FenceLost } from '../../../core/protocol/errors.ts';
import type { Incident } from '../../../core/record/incident.ts';
import { lockKey, storedCandidate } from './items.ts';
import { closeRecord, createRecord, joinRecord, readRecord } from './record.ts';
import { readItem, updateIf, type TableAccess, type Item } from './table.ts';

/**
 * One lock item per target says which incident holds it. It is never deleted, only emptied, so its fence keeps growing.
 *
 *     acquire lock ──▶ write META ──▶ … holdFence … ──▶ close META ──▶ release lock
 *
 * Each arrow may be a crash. The lock carries the candidate it was taken for, so whoever reads it next can write the
 * missing META (and first close the incident that was taken over). A lock whose META is closed is let go by whoever
 * reads it next. So no crash leaves two holders, and none leaves a target held for good.
 */
interface Lock {
  readonly incidentId: string;
  readonly fence: number;
  /** Epoch milliseconds. Compared, never left to the TTL, which may be days late. */
  readonly leaseUntil: number;
  readonly candidate: NewIncident;
  /** The incident that was taken over, when it was. */
  readonly supersedes: string | null;
}

export interface Holder {
  readonly lock: Lock;
  readonly incident: Incident;
}

/** More races lost in a row than this means that something else is wrong. */
const MAX_RACES = 25;

export async function openIncident(table: TableAccess, candidate: NewIncident): Promise<Opening> {
  for (let race = 0; race < MAX_RACES; race += 1) {
    const own = await readRecord(table, candidate.id);
    if (own?.status === 'closed') return { kind: 'handled', incident: own };
    const holder = await readHolder(table, candidate.target.id);
    if (holder === null) {
      await acquireFree(table, candidate);
    } else if (holder.incident.id === candidate.id) {
      return { kind: 'opened', incident: holder.incident };
    } else {
      const joined = await joinRecord(table, holder.incident.id, candidate);
      const kind = holder.lock.leaseUntil < candidate.at ? 'expired' : 'joined';
      if (joined) return { kind, incident: joined };
    }
  }
  throw new Error(`incident ${candidate.id} could neither be opened nor joined in ${MAX_RACES} tries`);
}

/** Closes the expired holder and opens the candidate in its place, unless somebody else was faster. */
export async function takeOverIncident(
  table: TableAccess,
  candidate: NewIncident,
  expired: Incident,
): Promise<Opening> {
  const own = await readRecord(table, candidate.id);
  if (own?.status !== 'closed' && candidate.id !== expired.id) {
    const isStillHeldByIt = 'incidentId = :expiredId';
    const isSameHolding = 'fence = :expiredFence';
    const leaseHasRunOut = 'leaseUntil < :now';
    await updateIf(table, {
      key: lockKey(candidate.target.id),
      update: `${TAKE}, fence = fence + :one`,
      condition: [isStillHeldByIt, isSameHolding, leaseHasRunOut].join(' AND '),
      values: {
        ...takenBy(candidate, expired.id),
        one: 1,
        expiredId: expired.id,
        expiredFence: expired.fence,
        now: candidate.at,
      },
    });
  }
  // Whoever was faster, the lock now says who holds the target.
  return openIncident(table, candidate);
}

export async function holdFence(table: TableAccess, incident: Incident, leaseUntil: number): Promise<void> {
  const held = await updateIf(table, {
    key: lockKey(incident.target.id),
    update: 'SET leaseUntil = :leaseUntil',
    condition: 'incidentId = :id AND fence = :fence',
    values: { leaseUntil, id: incident.id, fence: incident.fence },
  });
  if (held === null) throw new FenceLost(incident.id);
  // An incident that was closed a moment ago may still have the lock.
  if ((await readRecord(table, incident.id))?.status !== 'open') throw new FenceLost(incident.id);
}

/** Lets the target go if the incident, which must be closed, holds it; repeating it, or coming late, does nothing. */
export async function releaseLock(table: TableAccess, targetId: string, incidentId: string): Promise<void> {
  await updateIf(table, {
    key: lockKey(targetId),
    update: 'REMOVE incidentId, leaseUntil, candidate, supersedes',
    condition: 'incidentId = :id',
    values: { id: incidentId },
  });
}

const TAKE = 'SET incidentId = :id, leaseUntil = :leaseUntil, candidate = :candidate, supersedes = :supersedes';
const takenBy = (candidate: NewIncident, supersedes: string | null) => ({
  id: candidate.id,
  leaseUntil: candidate.leaseUntil,
  candidate: storedCandidate(candidate),
  supersedes,
});

async function acquireFree(table: TableAccess, candidate: NewIncident): Promise<void> {
  await updateIf(table, {
    key: lockKey(candidate.target.id),
    update: `${TAKE}, fence = if_not_exists(fence, :zero) + :one`,
    condition: 'attribute_not_exists(incidentId)',
    values: { ...takenBy(candidate, null), zero: 0, one: 1 },
  });
}

/** Who holds the target. Finishes what a crash left half done first. */
export async function readHolder(table: TableAccess, targetId: string): Promise<Holder | null> {
  const item = await readItem(table, lockKey(targetId));
  if (item === null || !isHeld(item)) return null;
  const incident = await completeOpening(table, item);
  if (incident.status === 'open') return { lock: item, incident };
  await releaseLock(table, targetId, incident.id);
  return null;
}

// An emptied lock keeps its fence alone; the rest comes and goes together.
function isHeld(item: Item): item is Item & Lock {
  return typeof item['incidentId'] === 'string';
}

async function completeOpening(table: TableAccess, lock: Lock): Promise<Incident> {
  const found = await readRecord(table, lock.incidentId);
  if (found?.status === 'open') return found;
  if (lock.supersedes !== null) await closeSuperseded(table, lock.supersedes, lock.candidate);
  return found ?? createRecord(table, lock.candidate, lock.fence);
}

async function closeSuperseded(table: TableAccess, id: string, by: NewIncident): Promise<void> {
  const failure = {
    error: 'LeaseExpired',
    detail: `its workflow ended without closing it; incident ${by.id} took the target over`,
  };
  await closeRecord(table, id, { outcome: 'failed', at: by.at, failure, notice: 'failed' });
}

import type { RosterRow } from '../../functions/core/fleet/roster.ts';

/** An instance that was followed before, and owes nothing. */
export function aRow(id: string, changed: Partial<RosterRow> = {}): RosterRow {
  return { id, owesSince: null, watches: null, isCluster: false, followedAt: 0, ...changed };
}

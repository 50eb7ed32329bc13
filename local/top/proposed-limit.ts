import { withRoom } from '../../functions/core/plan/tiers/user-limit.ts';
import type { ConsumerRow } from './picture.ts';

/** A limit to begin with, and where it comes from. */
export interface ProposedLimit {
  readonly limit: number;
  readonly from: string;
}

/**
 * What is usual of a user, with a little room as for every limit; half of what it holds where nothing tells what is
 * usual. Never under `least`. A person may ask for another; the guards of a limit judge both. Pure.
 */
export function proposedLimit(user: string, rows: readonly ConsumerRow[], least: number): ProposedLimit {
  const own = rows.filter((row) => row.user === user);
  const usual = own.reduce((sum, row) => sum + (row.usual ?? 0), 0);
  if (usual > 0) return { limit: Math.max(least, withRoom(usual)), from: 'its usual number' };
  const holds = own.reduce((sum, { idle, open, busy }) => sum + idle + open + busy, 0);
  return { limit: Math.max(least, Math.ceil(holds / 2)), from: 'half of what it holds, as its usual is not known' };
}

import type { Admitted } from './connect.ts';
import { APPLICATIONS, CONNECTED, LOST_ATTRIBUTES } from './login.sql.ts';

export interface Applications {
  /** The application of a session: empty when its client sent none, null when the server does not show it. */
  of(id: number): string | null;
  /** Null where each of them shows; else why not. */
  readonly gap: 'off' | 'lost' | null;
}

export const NOT_SHOWN: Applications = { of: () => null, gap: 'off' };

/**
 * What clients said of themselves when they connected. Attributes for which the server has no room are gone without a
 * trace in the session: once any were lost, a session without a name may have had one. So may one that left before the
 * attributes were read, and took them along: the sessions that are still there are read last.
 */
export async function readApplications(
  { connection, features }: Pick<Admitted, 'connection' | 'features'>,
  timeoutMs: number,
): Promise<Applications> {
  if (!features.hasAttributes) return NOT_SHOWN;
  const rows = await connection.query(APPLICATIONS, [], timeoutMs);
  const lost = await connection.query(LOST_ATTRIBUTES[features.engine], [], timeoutMs);
  const named = new Map(rows.map(({ id, application }) => [id, application]));
  const areComplete = lost.every((counter) => counter.lost === 0);
  const rest = areComplete && features.hasThreads ? await connection.query(CONNECTED, [], timeoutMs) : [];
  const unnamed = new Set(rest.map(({ id }) => id));
  return { of: (id) => named.get(id) ?? (unnamed.has(id) ? '' : null), gap: areComplete ? null : 'lost' };
}

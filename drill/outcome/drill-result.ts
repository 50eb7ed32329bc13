import type { EndedSession, RespondResult } from '../../local/runs/respond-result.ts';
import type { LoadTally } from '../loads/tally.ts';
import type { Check } from '../scenario/checks.ts';

/** How one load fared. */
export interface LoadResult {
  readonly name: string;
  readonly label: 'guilty' | 'innocent';
  readonly sessions: number;
  /** Sessions that the server ended under it. */
  readonly lost: number;
  /** Sessions with a query that was cancelled. */
  readonly cancelled: number;
  /** Logins refused for want of a slot. */
  readonly refused: number;
  /** Pieces of useful work. */
  readonly worked: number;
  /** Errors its clients saw, by SQLSTATE (PostgreSQL) or error number. */
  readonly errors: Readonly<Record<string, number>>;
}

/** How a drill went: the incident, and what only a rehearsal can know. As `headroom drill --json` prints it. */
export interface DrillResult extends RespondResult {
  readonly scenario: string;
  readonly seed: number;
  /** The cause found first; the incident's `cause` is the last one found under pressure. */
  readonly firstCause: string | null;
  /** How Headroom first got in and how long that took, or how long it tried, in words; as figures in `admission`. */
  readonly wayIn: string;
  /** Innocent sessions that were touched, by the loads' own labels. Anything but 0 fails the drill. */
  readonly endedInnocent: number;
  readonly loads: readonly LoadResult[];
  /** What was expected, and what was found. */
  readonly expected: readonly Check[];
  /** Everything was as expected. */
  readonly passed: boolean;
  /** From the start of the server to its end. */
  readonly totalSeconds: number;
}

/**
 * Innocent sessions that were touched: those on record as ended that no guilty load had opened, and those that innocent
 * loads lost or had cancelled, whatever the record says.
 */
export function countInnocent(ended: readonly EndedSession[], loads: readonly LoadTally[]): number {
  const keysOf = (label: 'guilty' | 'innocent') =>
    loads.filter(({ spec }) => spec.label === label).flatMap(({ sessions }) => sessions.map(keyOf));
  const guilty = new Set(keysOf('guilty'));
  const touched = new Set(
    ended
      .map(({ identity }) => keyOf({ id: identity.id, incarnation: identity.incarnation }))
      .filter((key) => !guilty.has(key)),
  );
  for (const { spec, sessions, cancelled } of loads) {
    if (spec.label === 'guilty') continue;
    for (const session of sessions) {
      if (session.end === 'lost' || cancelled.includes(session.id)) touched.add(keyOf(session));
    }
  }
  return touched.size;
}

function keyOf({ id, incarnation }: { readonly id: number; readonly incarnation: string }): string {
  return `${id}/${incarnation}`;
}

export function summariseLoad({ spec, sessions, cancelled, refused, worked, errors }: LoadTally): LoadResult {
  return {
    name: spec.name,
    label: spec.label,
    sessions: sessions.length,
    lost: sessions.filter(({ end }) => end === 'lost').length,
    cancelled: cancelled.length,
    refused,
    worked,
    errors,
  };
}

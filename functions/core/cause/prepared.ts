import type { EngineName, PreparedTransaction } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { named, printable } from '../words/printable.ts';

/** Most of them that are told one by one. */
const MOST = 2;
/** Younger ones are in the middle of their work, unless somebody waits for one. */
const LEFT_BEHIND_MS = 60_000;
/** Names are at most 200 bytes (PostgreSQL), or twice 64 (XA). */
const LONGEST_GID = 220;
/** In a line with others. */
const LONGEST_SHOWN = 60;

/**
 * One line, as the page has room for few, with the oldest first: those that seem left behind, or all of them when
 * `behind`, sessions that wait for one, is not 0. No line when there are none.
 */
export function describePrepared(prepared: readonly PreparedTransaction[], behind: number): string[] {
  const told = prepared.filter(({ ageMs }) => behind > 0 || ageMs >= LEFT_BEHIND_MS).sort((a, b) => b.ageMs - a.ageMs);
  if (told.length === 0) return [];
  const more = told.length - MOST;
  const names = [...told.slice(0, MOST).map(describeOne), ...(more > 0 ? [`and ${more} more`] : [])];
  return [`${count(told.length, 'prepared transaction')}: ${names.join('; ')}`];
}

function describeOne({ gid, owner, database, ageMs }: PreparedTransaction): string {
  const name = gid === null ? 'one whose name this server does not show' : named(gid, LONGEST_SHOWN);
  const whose = owner === '' ? '' : ` of ${named(owner, 30)} in ${named(database, 30)}`;
  return `${name}${whose}, ${inWords(ageMs)} old`;
}

/** What a person can do about those that hold locks, the oldest first. */
export function adviseOnPrepared(prepared: readonly PreparedTransaction[], engine: EngineName): string[] {
  const [oldest] = [...prepared].sort((a, b) => b.ageMs - a.ageMs);
  if (oldest === undefined)
    return ['commit or roll back the prepared transactions that hold locks: no session owns them'];
  const { gid, database } = oldest;
  const first = 'if the program that coordinates it has forgotten it';
  if (gid === null)
    return [`${first}, roll it back by its name with XA ROLLBACK (needs XA_RECOVER_ADMIN). Its name: XA RECOVER`];
  if (printable(gid, LONGEST_GID) !== gid) return [`${first}, roll it back by its name, which cannot be printed here`];
  return engine === 'postgres'
    ? [
        `${first}, in the database ${printable(database, 63)} (COMMIT PREPARED keeps its work): ROLLBACK PREPARED ${gid}`,
      ]
    : [`${first} (XA COMMIT keeps its work): XA ROLLBACK ${gid}`];
}

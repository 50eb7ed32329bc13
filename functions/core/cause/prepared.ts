import type { EngineName, PreparedTransaction } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';

/** Most of them that are told one by one. */
const MOST = 3;
/** Younger ones are in the middle of their work, unless somebody waits for one. */
const LEFT_BEHIND_MS = 60_000;
/** Names are at most 200 bytes (PostgreSQL), or twice 64 (XA). */
const LONGEST_GID = 220;

/** One line each, oldest first, for those that seem left behind. `behind`: sessions that wait for one. */
export function describePrepared(prepared: readonly PreparedTransaction[], behind: number): string[] {
  const told = prepared.filter(({ ageMs }) => behind > 0 || ageMs >= LEFT_BEHIND_MS).sort((a, b) => b.ageMs - a.ageMs);
  const more = told.length - MOST;
  return [
    ...told.slice(0, MOST).map(describeOne),
    ...(more > 0 ? [`and ${count(more, 'more prepared transaction')}`] : []),
  ];
}

function describeOne({ gid, owner, database, ageMs }: PreparedTransaction): string {
  const whose = owner === '' ? '' : ` of ${printable(owner, 63)} in ${printable(database, 63)}`;
  const unknown = [...(gid === null ? ['its name'] : []), ...(owner === '' ? ['whose it is'] : [])];
  const name = gid === null ? 'a prepared transaction' : `prepared transaction ${printable(gid, LONGEST_GID)}`;
  const missing = unknown.length === 0 ? '' : `; this server does not show ${unknown.join(', nor ')}`;
  return `${name}${whose}, ${inWords(ageMs)} old${missing}`;
}

/** What a person can do about those that hold locks, the oldest first. */
export function adviseOnPrepared(prepared: readonly PreparedTransaction[], engine: EngineName): string[] {
  const [oldest] = [...prepared].sort((a, b) => b.ageMs - a.ageMs);
  if (oldest === undefined)
    return ['commit or roll back the prepared transactions that hold locks: no session owns them'];
  const { gid, database } = oldest;
  const first = 'if the program that coordinates it has forgotten it';
  if (gid === null) return [`${first}: XA RECOVER shows its name (XA_RECOVER_ADMIN), then XA ROLLBACK or XA COMMIT`];
  const name = printable(gid, LONGEST_GID);
  return engine === 'postgres'
    ? [`${first}, in the database ${printable(database, 63)}: ROLLBACK PREPARED ${name} (or COMMIT PREPARED)`]
    : [`${first}: XA ROLLBACK ${name} (or XA COMMIT)`];
}

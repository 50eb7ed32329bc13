import type { PreparedTransaction } from '../../../core/server/snapshot.ts';
import type { XaRow } from './sessions.sql.ts';
import type { OpenTransactionRow } from './usage.sql.ts';

/** A prepared transaction, as XA RECOVER lists it. */
export interface Xid {
  /** As XA ROLLBACK takes it. */
  readonly gid: string;
  /** What performance_schema has of it, see xidKey; null where it has nothing (MariaDB). */
  readonly key: string | null;
}

/** MariaDB writes it as SQL itself; MySQL gives both parts as one hexadecimal number. */
export function xidOf({ formatID, gtrid_length, data }: XaRow): Xid {
  if (!data.startsWith('0x')) return { gid: data, key: null };
  const bytes = Buffer.from(data.slice(2), 'hex');
  const parts = [bytes.subarray(0, gtrid_length), bytes.subarray(gtrid_length)] as const;
  const gid = formatID === 1 && parts[1].length === 0 ? [quoted(parts[0])] : [...parts.map(quoted), String(formatID)];
  return { gid: gid.join(','), key: [formatID, ...parts.map((part) => part.toString('hex'))].join('/') };
}

function quoted(part: Buffer): string {
  const text = part.toString('latin1');
  return /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/.test(text) ? `'${text}'` : `X'${part.toString('hex')}'`;
}

/** From performance_schema, which writes a part as hexadecimal number when it is no plain text. */
export function xidKey({ format, gtrid, bqual }: Pick<OpenTransactionRow, 'format' | 'gtrid' | 'bqual'>): string {
  const hex = (part: string | null) =>
    /^0x([0-9A-F]{2})+$/.test(part ?? '')
      ? (part ?? '').slice(2).toLowerCase()
      : Buffer.from(part ?? '', 'latin1').toString('hex');
  return [format, hex(gtrid), hex(bqual)].join('/');
}

/** The sessions whose transaction InnoDB's status shows as prepared. */
export function preparedIn(status: string): ReadonlySet<number> {
  const ids = [...status.matchAll(/\n---TRANSACTION [^\n]*ACTIVE \(PREPARED\)[^]*?(?=\n---|$)/g)].flatMap(([text]) => {
    const [, id] = /\n(?:MySQL|MariaDB) thread id (\d+)/.exec(text) ?? [];
    return id === undefined ? [] : [Number(id)];
  });
  return new Set(ids);
}

/** Whose a prepared transaction is, and since when, where its session is still there. */
export type Owners = ReadonlyMap<string, Omit<PreparedTransaction, 'gid'>>;

/**
 * All that are prepared. `ages`: of those in InnoDB, which does not tell their names: a name whose age is not known has
 * at least the least of them. `xids`: null when this login may not read them.
 */
export function describeAll(
  xids: readonly Xid[] | null,
  ages: readonly number[],
  owners: Owners,
): readonly PreparedTransaction[] {
  if (xids === null) return ages.map((ageMs) => ({ gid: null, owner: '', database: '', ageMs }));
  const least = ages.length === 0 ? 0 : Math.min(...ages);
  return xids.map(({ gid, key }) => ({
    gid,
    ...(owners.get(key ?? '') ?? { owner: '', database: '', ageMs: least }),
  }));
}

import type { Session } from '../server/session.ts';
import type { LeftOut, Snapshot } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { bytesOf, LAMBDA_BYTES, pack } from './packing.ts';
import type { WorkerRefused, WorkerReply } from './worker.ts';

/** How much of the texts of a session goes along: letters of its statement, and of a long name of its application. */
interface Share {
  readonly statement: number;
  readonly application: { readonly first: number; readonly last: number } | null;
}

/** Consumers are told apart by the first letters (see `foldName`), tools by what stands behind the last slash. */
const NAME = { first: 256, last: 64 };

/** From mild to harsh; the first under which the answer fits is used. Everything else a decision may need. */
const SHARES: readonly Share[] = [
  { statement: 60, application: null },
  { statement: 0, application: null },
  { statement: 0, application: NAME },
];

/** Room for what Lambda may add. */
const MOST_BYTES = LAMBDA_BYTES - 4_096;
/** So many sessions, from all over the list, show how long all of them are. */
const SAMPLE = 1_024;

/**
 * An answer of the worker as Lambda passes it on. Where it is too long even when it is packed, texts are left out:
 * first the ends of statements, then all of their texts, then the middle of application names that are longer than any
 * tool's. Two statements still differ when they did, and a name that was cut is in doubt, as one that the server does
 * not show. Where that is not enough, the answer is a refusal that says so. What an order has done must not be lost in
 * a refusal, so for any other answer it throws.
 */
export function fitAnswer(reply: WorkerReply, mostBytes = MOST_BYTES): unknown {
  const whole = pack(reply);
  const bytes = bytesOf(whole);
  if (bytes <= mostBytes) return whole;
  if (!('snapshot' in reply)) throw new Error(tooLong('the answer', bytes));
  for (const share of SHARES) {
    if (share !== SHARES.at(-1) && estimate(reply, share) > mostBytes) continue;
    const packed = pack({ ...reply, snapshot: cutTexts(reply.snapshot, share) });
    if (bytesOf(packed) <= mostBytes) return packed;
  }
  const message = tooLong(`the list of ${count(reply.snapshot.sessions.length, 'session')}`, bytes);
  const refusal = { kind: 'other', code: '', message } as const;
  return { schema: reply.schema, ok: false, refusal, attempts: 0, waitedMs: 0 } satisfies WorkerRefused;
}

type SnapshotReply = Extract<WorkerReply, { readonly snapshot: Snapshot }>;

/** Bytes that the sessions take when they are packed, by some of them: packing all takes seconds where names differ. */
function estimate({ snapshot }: SnapshotReply, share: Share): number {
  const every = Math.max(1, Math.round(snapshot.sessions.length / SAMPLE));
  const sessions = snapshot.sessions.filter((_, index) => index % every === 0);
  return every * bytesOf(pack(cutTexts({ ...snapshot, sessions }, share).sessions));
}

/** What was left out of a snapshot, and why, in words; null when nothing was. */
export function describeLeftOut({ leftOut }: Pick<Snapshot, 'leftOut'>): string | null {
  if (leftOut === undefined) return null;
  const { statements, applications } = leftOut;
  const names = applications === 0 ? '' : ` and of ${count(applications, 'application name')}`;
  return (
    `the texts of ${count(statements, 'statement')}${names} were cut or left out: ` +
    'with them, the list of sessions would be longer than Lambda passes on'
  );
}

function cutTexts(snapshot: Snapshot, { statement, application }: Share): Snapshot {
  const shapes = new Map<string, number>();
  const shapeOf = (text: string) => {
    const shape = shapes.get(text) ?? shapes.size;
    shapes.set(text, shape);
    return shape;
  };
  const leftOut: { -readonly [Field in keyof LeftOut]: number } = { statements: 0, applications: 0 };
  const sessions = snapshot.sessions.map((session): Session => {
    const said = session.statement;
    const cutStatement = said !== null && said.text !== null && said.text.length > statement;
    const name = application === null ? null : cutMiddle(session.application, application);
    if (cutStatement) leftOut.statements++;
    if (name !== null) leftOut.applications++;
    return {
      ...session,
      ...(cutStatement && { statement: { ...said, ...cutText(said.text, statement), shape: shapeOf(said.text) } }),
      ...(name !== null && { application: name, doubts: [...new Set([...session.doubts, 'application' as const])] }),
    };
  });
  return { ...snapshot, sessions, leftOut };
}

function cutText(text: string, letters: number): { readonly text: string | null } {
  return { text: letters === 0 ? null : `${text.slice(0, letters - 1)}…` };
}

/** Null when the name is short enough. */
function cutMiddle(name: string, { first, last }: NonNullable<Share['application']>): string | null {
  return name.length <= first + 1 + last ? null : `${name.slice(0, first)}…${name.slice(-last)}`;
}

function tooLong(what: string, bytes: number): string {
  return `${what} takes ${bytes} bytes; Lambda passes on ${LAMBDA_BYTES}, and leaving out texts is not enough`;
}

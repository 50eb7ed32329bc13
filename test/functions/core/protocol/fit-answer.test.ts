import { describe, expect, it } from 'vitest';
import { describeLeftOut, fitAnswer } from '../../../../functions/core/protocol/fit-answer.ts';
import { bytesOf, LAMBDA_BYTES, pack, unpack } from '../../../../functions/core/protocol/packing.ts';
import type { SnapshotAnswer } from '../../../../functions/core/protocol/worker.ts';
import { protectionOf } from '../../../../functions/core/policy/protection.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { sha256 } from '../../../../functions/core/words/sha256.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { ENGINE_NAMES, type EngineName, type Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { aFullServer, AURORAS_MOST } from '../../../support/a-crowd.ts';
import { aPolicy, aSession, aSnapshot, many } from '../../../support/a-session.ts';

/** Made once: it takes a second. */
const made = new Map<EngineName, Snapshot>();
function hostile(engine: EngineName): Snapshot {
  const snapshot = made.get(engine) ?? aFullServer(engine, 'hostile');
  made.set(engine, snapshot);
  return snapshot;
}

const ADMISSION = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
const answerWith = (snapshot: Snapshot) => ({ schema: 1, ok: true, admission: ADMISSION, snapshot }) as const;

/** As it arrives: Lambda makes JSON of what the handler returns. */
function arriving(sent: unknown): SnapshotAnswer {
  return unpack(JSON.parse(JSON.stringify(sent))) as SnapshotAnswer;
}

function snapshotIn(answer: SnapshotAnswer): Snapshot {
  if (!answer.ok) throw new Error(answer.refusal.message);
  return answer.snapshot;
}

const withoutTexts = (session: Session) => ({
  ...session,
  statement: session.statement && { verb: session.statement.verb, isOptedOut: session.statement.isOptedOut },
});

describe('the answer of a worker', () => {
  it.each(ENGINE_NAMES)('passes through Lambda for 16,000 sessions with hostile names on %s', (engine) => {
    const snapshot = hostile(engine);
    expect(bytesOf(snapshot)).toBeGreaterThan(4 * LAMBDA_BYTES);
    const sent = fitAnswer(answerWith(snapshot));
    expect(bytesOf(sent)).toBeLessThanOrEqual(LAMBDA_BYTES);
    const { sessions, leftOut, ...rest } = snapshotIn(arriving(sent));
    expect(sessions).toHaveLength(AURORAS_MOST);
    // Compared one by one: a difference among 16,000 takes minutes to print.
    const isSame = (session: Session, index: number) =>
      JSON.stringify(withoutTexts(session)) === JSON.stringify(withoutTexts(snapshot.sessions[index] ?? session));
    expect(sessions.every(isSame)).toBe(true);
    expect(leftOut?.applications ?? 0).toBe(0);
    expect({ ...rest, sessions: [] }).toEqual({ ...snapshot, sessions: [] });
  });

  it('is readable JSON as it was, for as many sessions as most servers have', () => {
    const answer = answerWith(aFullServer('mysql', 'ordinary', 200));
    expect(fitAnswer(answer)).toEqual(answer);
  });

  const said = (id: number, text: string) => ({ statement: { verb: 'SELECT', text, isOptedOut: false }, queryMs: id });
  const long = (id: number) => `SELECT a_${sha256(`a${id}`)}, b_${sha256(`b${id}`)} FROM t`;

  it('loses the ends of statements first, then their texts, and nothing that tells statements apart', () => {
    const snapshot = aSnapshot(900, [
      ...many(897, 1, (id) => aSession(id, said(id, long(id)))),
      ...many(3, 2_000, (id) => aSession(id, said(id, 'COMMIT'))),
    ]);
    const whole = bytesOf(fitAnswer(answerWith(snapshot)));
    const texts = new Set<string | null>();
    const seen: (number | undefined)[] = [];
    for (let most = whole; most > 0; most -= 2_000) {
      const answer = arriving(fitAnswer(answerWith(snapshot), most));
      if (!answer.ok) break;
      const { sessions, leftOut } = answer.snapshot;
      seen.push(leftOut?.statements);
      texts.add(sessions[0]?.statement?.text ?? null);
      const shapes = new Set(sessions.map(({ statement }) => statement?.shape ?? statement?.text));
      expect(shapes.size).toBe(898);
    }
    expect([...texts]).toEqual([long(1), `${long(1).slice(0, 59)}…`, null]);
    expect([...new Set(seen)]).toEqual([undefined, 897, 900]);
    expect(describeLeftOut({ leftOut: { statements: 897, applications: 0 } })).toBe(
      'the texts of 897 statements were cut or left out: with them, the list of sessions would be longer than Lambda passes on',
    );
    expect(describeLeftOut(snapshot)).toBeNull();
  });

  it('loses the middle of a very long name last, which then is in doubt and still the same consumer', () => {
    const name = (id: number) => `${'service-'.repeat(40)}${sha256(`${id}`).repeat(4)}/usr/bin/pg_dump`;
    const snapshot = aSnapshot(
      900,
      many(900, 1, (id) => aSession(id, { application: name(id), statement: null })),
    );
    let answer = arriving(fitAnswer(answerWith(snapshot)));
    for (let most = bytesOf(fitAnswer(answerWith(snapshot))); answer.ok && !answer.snapshot.leftOut; most -= 5_000)
      answer = arriving(fitAnswer(answerWith(snapshot), most));
    const { sessions, leftOut } = snapshotIn(answer);
    expect(leftOut).toEqual({ statements: 0, applications: 900 });
    for (const [index, session] of sessions.entries()) {
      const was = snapshot.sessions[index] ?? session;
      expect(session.application.length).toBe(256 + 1 + 64);
      expect(consumerOf(session)).toBe(consumerOf(was));
      const tools = aPolicy();
      tools.protect.toolUsers = ['app'];
      expect([protectionOf(session, tools), protectionOf(was, tools)]).toEqual(['backup-tool', 'backup-tool']);
      const names = aPolicy();
      names.protect.applications = ['something-else'];
      names.protect.toolUsers = [];
      expect(protectionOf(session, names)).toBe('application-unknown');
    }
  });

  it('is a refusal that says why, where even that is not enough', () => {
    const answer = arriving(fitAnswer(answerWith(aFullServer('mysql', 'hostile', 1_000)), 1_000));
    expect(answer).toMatchObject({ ok: false, refusal: { kind: 'other' }, attempts: 0 });
    expect(!answer.ok && answer.refusal.message).toMatch(
      /^the list of 1000 sessions takes \d+ bytes; Lambda passes on/,
    );
  });

  it('to an order is never made a refusal: its sessions were ended', () => {
    const endings = many(16_000, 1, (id) => {
      const { identity } = aSession(id);
      return { identity, result: 'refused', detail: `must be a superuser to terminate ${id}` } as const;
    });
    const reply = { schema: 1, ok: true, admission: ADMISSION, endings } as const;
    expect(arriving(fitAnswer(reply))).toEqual(reply);
    expect(bytesOf(fitAnswer(reply))).toBeLessThan(LAMBDA_BYTES / 4);
    expect(() => fitAnswer(reply, 1_000)).toThrow('the answer takes');
  });
});

describe('an order to a worker', () => {
  it.each(ENGINE_NAMES)('passes through Lambda for all of 16,000 sessions with hostile names on %s', (engine) => {
    const { sessions } = hostile(engine);
    const victims = sessions.map(({ identity, transactionMark, queryMark }) => ({
      identity,
      method: 'terminate',
      expect: { state: 'idle', minStateMs: 0, transactionMark, queryMark, blocksOthers: false, holdsNothing: true },
    }));
    const order = { schema: 1, kind: 'end', deadline: 1, graceMs: 0, victims };
    expect(bytesOf(order)).toBeGreaterThan(LAMBDA_BYTES / 2);
    expect(bytesOf(pack(order))).toBeLessThan(LAMBDA_BYTES / 2);
    expect(JSON.stringify(unpack(pack(order))) === JSON.stringify(order)).toBe(true);
  });

  it.each([['no Brotli'], [Buffer.from('{').toString('base64')], ['']])(
    'whose list is %j is refused as one that cannot be read',
    (block) => {
      expect(() => unpack({ kind: 'end', victims: { packed: [block] } })).toThrow('a packed list cannot be read');
    },
  );
});

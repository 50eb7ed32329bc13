import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { afterAll, describe, expect, it, test } from 'vitest';
import type { Session } from '../../../functions/core/server/session.ts';
import { lockTree } from '../../../local/top/lock-tree.ts';
import { drawPicture, type Seen } from '../../../local/top/picture.ts';
import { beginRecording, readRecording } from '../../../local/top/recording.ts';
import { screenOf } from '../../../local/top/screen.ts';
import { active, aSession, aSnapshot, inTransaction, many, waiter } from '../../support/a-session.ts';
import { snapshots } from '../../support/arbitraries.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-screen-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TAKEN = { at: 1_000, tookMs: 5, target: 'shop' };
const UNKNOWN = { before: { profile: [], samples: [] }, triggerPercent: 90, reliefPercent: 75, refusedBefore: null };

function pictureOf(usable: number, sessions: readonly Session[]): Seen {
  return drawPicture(aSnapshot(usable, sessions), TAKEN, UNKNOWN);
}

function textsOf(picture: Seen, columns = 80, rows: number | null = null): string[] {
  return screenOf(picture, { columns, rows, chosen: null, footer: ['q quit'] }).map(({ text }) => text);
}

const branches = (sessions: readonly Session[]) =>
  lockTree(sessions).map(({ id, depth, behind }) => `${'-'.repeat(depth)}${id}(${behind})`);

describe('the lock tree', () => {
  it('has each waiter once below the first ahead of it, the longest queue first', () => {
    const sessions = [
      inTransaction(1),
      inTransaction(2),
      waiter(3, [2]),
      waiter(4, [3, 2]),
      waiter(5, [1]),
      waiter(6, [2]),
    ];
    expect(branches(sessions)).toEqual(['2(3)', '-3(1)', '--4(0)', '-6(0)', '1(1)', '-5(0)']);
  });

  it('has queues behind what is no session, and circles', () => {
    expect(branches([waiter(3, [0]), waiter(4, [-1]), waiter(7, [8]), waiter(8, [7])])).toEqual([
      '-1(1)',
      '-4(0)',
      '0(1)',
      '-3(0)',
      '7(1)',
      '-8(0)',
    ]);
  });

  it('ends for every snapshot, and loses no waiter', () => {
    fc.assert(
      fc.property(snapshots, ({ sessions }) => {
        const shown = lockTree(sessions).map(({ id }) => id);
        expect(new Set(shown).size).toBe(shown.length);
        for (const { identity, blockedBy } of sessions) if (blockedBy.length > 0) expect(shown).toContain(identity.id);
      }),
      { numRuns: 60 },
    );
  });

  it('takes 5,000 waiters in one chain', () => {
    const chain = [inTransaction(1), ...many(5_000, 2, (id) => waiter(id, [id - 1]))];
    expect(lockTree(chain)).toHaveLength(5_001);
  });
});

describe('the picture', () => {
  it('says by the record who is over usual', () => {
    const before = {
      profile: [],
      samples: many(5, 1, (minute) => ({
        ...{ at: minute * 100, inIncident: false, used: 3, usage: 30, isFull: false },
        consumers: {
          largest: [{ name: 'app/web', user: 'app', idle: 3, open: 0, busy: 0, arrived: 0 }],
          rest: { consumers: 0, sessions: 0 },
        },
      })),
    };
    const sessions = [...many(8, 1, (id) => aSession(id)), active(20, { application: 'new' })];
    const picture = drawPicture(aSnapshot(10, sessions), TAKEN, { ...UNKNOWN, before });
    expect(picture).toMatchObject({ basis: 'samples', isFull: false, idle: 8, busy: 1 });
    const rows = textsOf(picture).filter((text) => text.includes('app/'));
    expect(rows[0]).toMatch(/^ {2}app\/web +8 +3 +\+5 +8 +0 +0$/);
    expect(rows[1]).toMatch(/^ {2}app\/new +1 +0 +\+1 +0 +0 +1$/);
  });

  it('proposes a name only where it stands for all sessions of the consumer, and for nobody else', () => {
    const [first] = pictureOf(9, [
      aSession(1, { application: 'web-1' }),
      aSession(2, { application: 'web-2' }),
    ]).consumers;
    expect(first).toMatchObject({ name: 'app/web-#', user: 'app', application: null });
    expect(pictureOf(9, [aSession(1, { user: 'app*' })]).consumers[0]).toMatchObject({ user: null });
    expect(pictureOf(9, [aSession(1, { user: 'a\u202eb' })]).consumers[0]).toMatchObject({ user: null });
  });

  it('has no statement, whatever the policy lets out', () => {
    const statement = { verb: 'UPDATE', text: "UPDATE cards SET pin = '1234'", isOptedOut: false };
    expect(JSON.stringify(pictureOf(9, [active(1, { statement })]))).not.toMatch(/1234|cards/);
  });
});

/** What a terminal would obey, or what turns text round. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const hostile = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '\u001b[2J\u001b]0;owned\u0007',
    'a\r\nb',
    '\u202egnp.exe',
    '\u0000',
    '漢字'.repeat(40),
    '👩‍👩‍👧‍👦'.repeat(20),
  ),
);

test('hostile names stay inert on the screen, which fits its window, also those of a recording from elsewhere', () => {
  const sessions = [inTransaction(1), waiter(2, [1]), waiter(3, [2], { application: 'other' })];
  const drawn = pictureOf(9, sessions);
  fc.assert(
    fc.property(hostile, fc.integer({ min: 20, max: 140 }), fc.integer({ min: 1, max: 50 }), (name, columns, rows) => {
      const changed = { consumer: name, state: name, verb: name };
      const picture = {
        ...{ ...drawn, target: name, version: name },
        consumers: drawn.consumers.map((row) => ({ ...row, name })),
        locks: drawn.locks.map((row) => ({ ...row, ...changed })),
        longest: drawn.longest.map((row) => ({ ...row, ...changed })),
      };
      const ofServer = pictureOf(
        9,
        sessions.map((one) => ({ ...one, user: name, application: name, client: name })),
      );
      expect(JSON.stringify(ofServer.locks.map(({ consumer }) => consumer))).not.toMatch(OBEYED);
      for (const one of [picture, ofServer]) {
        const lines = screenOf(one, { columns, rows, chosen: 0, footer: ['q quit'] });
        expect(lines).toHaveLength(rows);
        for (const { text } of lines) {
          expect(text).not.toMatch(OBEYED);
          expect(stringWidth(text)).toBeLessThanOrEqual(columns);
        }
      }
    }),
    { numRuns: 60 },
  );
});

describe('a recording', () => {
  it('is read as it was written, is overwritten by nobody, and says which line is none', () => {
    const file = join(folder, 'one.jsonl');
    const picture = pictureOf(9, [aSession(1), waiter(2, [1])]);
    const recording = beginRecording(file);
    recording.add(picture);
    recording.add({ ...TAKEN, result: 'unseen', why: 'full: sorry' });
    recording.close();
    expect(readRecording(file)).toEqual([picture, { ...TAKEN, result: 'unseen', why: 'full: sorry' }]);
    expect(() => beginRecording(file)).toThrow(/is there already, and is not overwritten; name a new file/);
    writeFileSync(file, `${JSON.stringify(picture)}\n{"result":"seen"}\n`);
    expect(() => readRecording(file)).toThrow(/line 2 is no picture/);
    expect(() => readRecording(join(folder, 'none'))).toThrow(/there is no such file/);
  });
});

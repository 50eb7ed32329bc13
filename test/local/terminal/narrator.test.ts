import { describe, expect, it } from 'vitest';
import type { Round } from '../../../functions/core/record/round.ts';
import { createNarrator } from '../../../local/terminal/narrator.ts';

const EVIDENCE = ['invoices/export has 85 sessions idle for 4 s to 10 s', '94 of 95 usable slots are taken'];

function aRound(round: number, changed: Partial<Round> = {}): Round {
  return {
    incidentId: 'one',
    round,
    at: 1_000 * round,
    usage: 68,
    used: 65,
    usable: 95,
    byState: {},
    canary: `admitted in ${round} ms`,
    admission: `by its warm session, in ${round} ms, and may use reserved slots`,
    cause: { name: 'connection-leak', confidence: 1 - round / 100, evidence: EVIDENCE, ranking: [] },
    next: 'watch',
    why: `usage 68% is under the trigger of 85%; relief has held for ${round} s of 20 s`,
    planned: {},
    spared: {},
    sparedSamples: {},
    ...changed,
  };
}

/** What a person reads of these looks, one after the other. */
async function narrate(rounds: readonly Round[], verbose = false, execution = 'one'): Promise<string[]> {
  const lines: string[] = [];
  const store = { rounds: { of: () => Promise.resolve([...rounds]) } };
  const narrator = createNarrator(
    () => Promise.resolve(store as never),
    ({ text }) => lines.push(text),
    verbose,
  );
  const hear = (kind: 'state-entered' | 'state-exited', state: string, output: unknown = null) =>
    narrator.hear({ kind, at: 0, execution, state, input: null, output });
  for (const { round, next } of rounds) {
    hear('state-entered', 'Diagnose');
    hear('state-exited', 'Diagnose', { incidentId: 'one', round, next });
    hear('state-entered', next === 'watch' ? 'WatchForRebound' : 'KillIdle');
    if (next !== 'watch') hear('state-exited', 'KillIdle', { act: { result: { held: null, counts: { ended: 3 } } } });
  }
  await narrator.caughtUp();
  return lines;
}

describe('the narration', () => {
  it('prints nothing twice of a look that has changed in figures alone', async () => {
    const [, ...once] = await narrate([aRound(1)]);
    const lines = await narrate([1, 2, 3, 4, 5].map((round) => aRound(round)));
    expect(lines).toEqual(['Diagnose', ...once, 'Diagnose']);
    expect(once).toContain(`  ${EVIDENCE[0]}`);
    expect(new Set(once).size).toBe(once.length);
  });

  it('prints every look in full where that is asked for', async () => {
    const lines = await narrate([aRound(1), aRound(2)], true);
    expect(lines.filter((line) => line === 'WatchForRebound')).toHaveLength(2);
    expect(lines.filter((line) => line === `  ${EVIDENCE[1]}`)).toHaveLength(2);
  });

  it.each<[string, Partial<Round>, RegExp]>([
    ['usage', { usage: 71, used: 68 }, /^usage 71%/],
    ['clients that are refused again', { canary: 'refused as full' }, /refused as full$/],
    [
      'another cause, with its evidence',
      { cause: { name: 'connection-storm', confidence: 0.9, evidence: ['they come back'], ranking: [] } },
      /^ {2}they come back$/,
    ],
    ['what could not be read', { unread: ['the locks could not be read'] }, /the locks could not be read/],
    ['what was left out', { leftOut: '12 sessions were left out' }, /12 sessions were left out/],
    ['no way in', { usage: null, admission: 'refused as full' }, /^not let in: refused as full/],
    ['what is next', { next: 'watch', why: 'a person has said no' }, /^next: watch: a person has said no$/],
  ])('prints what is new in the next look: %s', async (_, changed, line) => {
    const before = [aRound(1), aRound(2)];
    const added = (await narrate([...before, aRound(3, changed)])).slice((await narrate(before)).length);
    expect(added.filter((each) => line.test(each))).toHaveLength(1);
    expect(added.length).toBeLessThanOrEqual(5);
  });

  it('prints every act, also one that is the same again', async () => {
    const act = { next: 'kill-idle', why: 'kill-idle ends 3 sessions' };
    const lines = await narrate([aRound(1, act), aRound(2, act)]);
    expect(lines.filter((line) => line === 'next: kill-idle: kill-idle ends 3 sessions')).toHaveLength(2);
    expect(lines.filter((line) => line === 'KillIdle')).toHaveLength(2);
    expect(lines.filter((line) => line === '3 ended')).toHaveLength(2);
  });
});

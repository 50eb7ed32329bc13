import { expect, test } from 'vitest';
import type { EndingResult, EndMethod, SessionToEnd } from '../../../../functions/core/protocol/worker.ts';
import { endSessions, type Ender, type Job } from '../../../../functions/engines/shared/ending.ts';

/** What a server makes of one session: of each signal in turn, and what each read after it shows. */
interface Script {
  readonly method: EndMethod;
  readonly signals: readonly EndingResult[];
  readonly reads?: readonly ('done' | 'undoing' | 'none')[];
}

/** Plays one script per victim. The last read is repeated. */
function play(scripts: readonly Script[], { graceMs = 0, forMs = 5_000 } = {}) {
  const signalled: string[][] = [];
  const turns = scripts.map(({ signals, reads = ['none'] }) => ({ signals: [...signals], reads: [...reads] }));
  const turnOf = ({ victim }: Job<never>) => turns[victim.identity.id];
  const ender: Ender<never> = {
    goesAlone: (_, method) => method === 'cancel',
    signal(jobs, method) {
      signalled.push(jobs.map(({ victim }) => `${method} ${victim.identity.id}`));
      for (const job of jobs) job.result = turnOf(job)?.signals.shift() ?? null;
      return Promise.resolve();
    },
    follow() {
      return Promise.resolve((job) => {
        const reads = turnOf(job)?.reads ?? [];
        return (reads.length > 1 ? reads.shift() : reads[0]) ?? 'none';
      });
    },
  };
  const victims = scripts.map(({ method }, id): SessionToEnd => {
    const expectation = { state: 'idle', minStateMs: 0, transactionMark: null, queryMark: null } as const;
    return {
      identity: { server: 's', id, incarnation: '' },
      method,
      expect: { ...expectation, blocksOthers: false, holdsNothing: false },
    };
  });
  const endings = endSessions(ender, { victims, graceMs, deadline: Date.now() + forMs });
  return { signalled, results: endings.then((all) => all.map(({ result }) => result)) };
}

test('a session is ended when it was seen to be gone, and not when its signal went out', async () => {
  const gone = await play([{ method: 'terminate', signals: ['still-there'], reads: ['none', 'none', 'done'] }]).results;
  const stays = play([{ method: 'terminate', signals: ['still-there'] }], { forMs: 50 });
  expect(gone).toEqual(['ended']);
  expect(await stays.results).toEqual(['still-there']);
});

test.each(['gone', 'changed', 'refused'] as const)('what the signal found %s stays so', async (found) => {
  expect(await play([{ method: 'terminate', signals: [found] }]).results).toEqual([found]);
});

test('work that is being undone is waited for, and reported when the time is over', async () => {
  const script = { method: 'terminate', signals: ['still-there'] } as const;
  expect(await play([{ ...script, reads: ['undoing', 'done'] }]).results).toEqual(['ended']);
  expect(await play([{ ...script, reads: ['undoing'] }], { forMs: 50 }).results).toEqual(['rolling-back']);
});

test('nothing is signalled past the deadline', async () => {
  const { signalled, results } = play([{ method: 'terminate', signals: ['still-there'] }], { forMs: 0 });
  expect(await results).toEqual(['not-tried']);
  expect(signalled).toEqual([]);
});

test.each<[EndingResult, EndingResult]>([
  ['changed', 'cancelled'],
  ['gone', 'ended'],
  ['refused', 'refused'],
])('a query that ignores its cancellation is terminated; found %s then, it is %s', async (found, result) => {
  const { signalled, results } = play([{ method: 'cancel', signals: ['still-there', found] }]);
  expect(await results).toEqual([result]);
  expect(signalled).toEqual([['cancel 0'], ['terminate 0']]);
});

test('cancels go out one by one, before the rest goes out by the hundred', async () => {
  const ended = { method: 'terminate', signals: ['still-there'], reads: ['done'] } as const;
  const cancelled = { method: 'cancel', signals: ['still-there'], reads: ['done'] } as const;
  const { signalled, results } = play([...Array<Script>(150).fill(ended), cancelled, cancelled]);
  expect(new Set(await results)).toEqual(new Set(['ended', 'cancelled']));
  expect(signalled.map((chunk) => chunk.length)).toEqual([1, 1, 100, 50]);
  expect(signalled[0]).toEqual(['cancel 150']);
});

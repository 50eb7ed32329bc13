import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';
import { aCandidate, anAct, aVictim, MINUTE, T0 } from './samples.ts';

let local: LocalTable;
let store: IncidentStore;

beforeAll(async () => {
  local = await startLocalTable();
  store = createIncidentStore({ client: local.client, table: local.table });
});
afterAll(() => local.stop());

const CRASH = 'the function was stopped here';

/** A store whose process dies: after so many calls to DynamoDB got through, every further one fails. */
function storeThatDiesAfter(calls: number): IncidentStore {
  let left = calls;
  const client = new Proxy(local.client, {
    get(real, property) {
      if (property !== 'send') return Reflect.get(real, property) as unknown;
      return (...args: Parameters<DynamoDBDocumentClient['send']>) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error(CRASH)) : real.send(...args);
      };
    },
  });
  return createIncidentStore({ client, table: local.table });
}

/** Runs the step with a crash after 0, 1, 2, … calls until one run gets through; `check` looks at what each crash left. */
async function atEveryCrash(
  step: (dying: IncidentStore, run: string) => Promise<unknown>,
  prepare: (run: string) => Promise<unknown>,
  check: (run: string) => Promise<void>,
): Promise<number> {
  for (let calls = 0; calls < 50; calls += 1) {
    const run = `r${calls}`;
    await prepare(run);
    const error = await step(storeThatDiesAfter(calls), run).then(
      () => null,
      (reason: unknown) => reason,
    );
    await check(run);
    if (error === null) return calls;
    expect(error).toMatchObject({ message: CRASH });
  }
  throw new Error('the step never got through');
}

const RELIEVED = { outcome: 'relieved', at: T0 + MINUTE, failure: null, notice: 'resolved' } as const;
const LATER = T0 + 10 * MINUTE;
const nothing = () => Promise.resolve();

describe('a crash while an incident is opened', () => {
  it('is repaired by the same event: one open incident, first fence', async () => {
    const crashes = await atEveryCrash(
      (dying, run) => dying.incidents.open(aCandidate(`open-${run}`, `open-${run}-1`)),
      nothing,
      async (run) => {
        const opening = await store.incidents.open(aCandidate(`open-${run}`, `open-${run}-1`));
        expect(opening).toMatchObject({ kind: 'opened', incident: { status: 'open', fence: 1, joinedCount: 0 } });
        await store.incidents.holdFence(opening.incident, LATER);
      },
    );
    expect(crashes).toBeGreaterThan(3);
  });

  it('is repaired by another event: it joins what was begun, or opens its own when nothing was', async () => {
    await atEveryCrash(
      (dying, run) => dying.incidents.open(aCandidate(`other-${run}`, `other-${run}-1`)),
      nothing,
      async (run) => {
        const opening = await store.incidents.open(aCandidate(`other-${run}`, `other-${run}-2`));
        const begun = opening.kind === 'joined';
        expect(opening.incident.id).toBe(`other-${run}-${begun ? 1 : 2}`);
        expect(await store.incidents.openOf(`other-${run}`)).toEqual(opening.incident);
      },
    );
  });

  it('leaves an incident that a look at the target finds and that can be closed', async () => {
    await atEveryCrash(
      (dying, run) => dying.incidents.open(aCandidate(`look-${run}`, `look-${run}-1`)),
      nothing,
      async (run) => {
        const found = await store.incidents.openOf(`look-${run}`);
        if (found) await store.incidents.close(found.id, RELIEVED);
        expect(await store.incidents.openOf(`look-${run}`)).toBeNull();
      },
    );
  });
});

describe('a crash while an incident is closed', () => {
  it('neither loses the outcome nor keeps the target', async () => {
    await atEveryCrash(
      (dying, run) => dying.incidents.close(`close-${run}-1`, RELIEVED),
      (run) => store.incidents.open(aCandidate(`close-${run}`, `close-${run}-1`)),
      async (run) => {
        const before = await store.incidents.byId(`close-${run}-1`);
        const opening = await store.incidents.open(aCandidate(`close-${run}`, `close-${run}-2`));
        expect(opening.kind).toBe(before?.status === 'closed' ? 'opened' : 'joined');
        if (before?.status === 'closed') expect(before).toMatchObject({ outcome: 'relieved', closedAt: T0 + MINUTE });
      },
    );
  });

  it('is repaired by closing again, and until then the closed incident may not act', async () => {
    await store.incidents.open(aCandidate('half', 'half-1'));
    const incident = await store.incidents.byId('half-1');
    if (incident === null) throw new Error('not opened');
    await expect(storeThatDiesAfter(1).incidents.close('half-1', RELIEVED)).rejects.toThrow(CRASH);
    await expect(store.incidents.holdFence(incident, LATER)).rejects.toMatchObject({ name: 'FenceLost' });
    expect(await store.incidents.close('half-1', RELIEVED)).toMatchObject({ outcome: 'relieved' });
    expect((await store.incidents.open(aCandidate('half', 'half-2'))).kind).toBe('opened');
  });
});

describe('a crash while a target is taken over', () => {
  it('leaves one holder at most, and the next event finishes the take-over', async () => {
    await atEveryCrash(
      async (dying, run) => {
        const expired = await store.incidents.byId(`take-${run}-1`);
        if (expired) await dying.incidents.takeOver(aCandidate(`take-${run}`, `take-${run}-2`, LATER), expired);
      },
      (run) => store.incidents.open(aCandidate(`take-${run}`, `take-${run}-1`)),
      async (run) => {
        const first = await store.incidents.byId(`take-${run}-1`);
        if (first === null) throw new Error('not opened');
        const candidate = aCandidate(`take-${run}`, `take-${run}-2`, LATER);
        const seen = await store.incidents.open(candidate);
        const opening = seen.kind === 'expired' ? await store.incidents.takeOver(candidate, seen.incident) : seen;
        expect(opening).toMatchObject({ kind: 'opened', incident: { id: `take-${run}-2`, fence: 2 } });
        expect(await store.incidents.byId(first.id)).toMatchObject({ status: 'closed', outcome: 'failed' });
        await expect(store.incidents.holdFence(first, LATER + MINUTE)).rejects.toMatchObject({ name: 'FenceLost' });
        await store.incidents.holdFence(opening.incident, LATER + MINUTE);
      },
    );
  });
});

describe('a crash while an act is recorded', () => {
  const victims = Array.from({ length: 1_200 }, (_, i) =>
    aVictim(i, { application: 'x'.repeat(60), reason: 'idle '.repeat(20) }),
  );

  it('at its start means that it cannot be started again and that nothing was counted too little', async () => {
    await atEveryCrash(
      (dying, run) => dying.acts.start(`start-${run}`, anAct(`start-${run}`, 1, { victims })),
      nothing,
      async (run) => {
        const recorded = await store.acts.of(`start-${run}`);
        const again = store.acts.start(`start-${run}`, anAct(`start-${run}`, 1, { victims }));
        if (recorded.length > 0) await expect(again).rejects.toMatchObject({ name: 'ActRepeated' });
        else await again;
        for (const tally of await store.acts.tallies(`start-${run}`, 0)) expect(tally.counted).toBe(victims.length);
      },
    );
  });

  it('at its end leaves it counting in full until its results are written again', async () => {
    const started = (run: string) => anAct(`finish-${run}`, 1, { victims });
    const finished = (run: string) => ({
      ...started(run),
      finishedAt: T0 + 500,
      counted: 7,
      victims: victims.map((victim) => ({ ...victim, result: 'gone' as const })),
    });
    await atEveryCrash(
      (dying, run) => dying.acts.finish(`finish-${run}`, finished(run)),
      (run) => store.acts.start(`finish-${run}`, started(run)),
      async (run) => {
        const [tally] = await store.acts.tallies(`finish-${run}`, 0);
        expect(tally?.counted).toBe(tally?.finishedAt === null ? victims.length : 7);
        const [act] = await store.acts.of(`finish-${run}`);
        if (act?.finishedAt !== null) expect(tally?.finishedAt).toBe(T0 + 500);
        expect(act?.victims.map(({ identity }) => identity)).toEqual(victims.map(({ identity }) => identity));
        await store.acts.finish(`finish-${run}`, finished(run));
        expect(await store.acts.of(`finish-${run}`)).toEqual([finished(run)]);
      },
    );
  });
});

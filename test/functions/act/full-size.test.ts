import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { createWorkerClient } from '../../../functions/aws/clients/worker-client.ts';
import { close } from '../../../functions/close/close.ts';
import { fitAnswer } from '../../../functions/core/protocol/fit-answer.ts';
import { bytesOf, LAMBDA_BYTES, unpack } from '../../../functions/core/protocol/packing.ts';
import type { TierName } from '../../../functions/core/policy/tier-names.ts';
import { workerRequest } from '../../../functions/core/protocol/worker.ts';
import type { Session } from '../../../functions/core/server/session.ts';
import { sessionKey } from '../../../functions/core/server/session.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { escalate } from '../../../functions/escalate/escalate.ts';
import { aFullServer, AURORAS_MOST } from '../../support/a-crowd.ts';
import { aPolicy, aSnapshot, aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from '../aws/clients/scripted-endpoint.ts';

/** What a state may hand on to the next, by the design; Step Functions itself takes eight times as much. */
const STATE_BYTES = 32 * 1024;

let world: StepWorld;
let endpoint: ScriptedEndpoint;
let client: LambdaClient;
beforeAll(async () => {
  world = await StepWorld.create();
  endpoint = await startScriptedEndpoint();
  client = new LambdaClient({ ...endpoint.config, maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
  await world.stop();
});

/** Answers as the worker's handler does, with the server's sessions as they are then; those to be ended go. */
function serve(server: { sessions: readonly Session[] }) {
  const sizes: number[] = [];
  const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
  const common = { schema: 1, ok: true, admission } as const;
  let counted = aSnapshot(AURORAS_MOST, server.sessions);
  const answerTo = (body: unknown): string => {
    sizes.push(bytesOf(body));
    const request = workerRequest.parse(unpack(body));
    const snapshot = { ...counted, at: world.at };
    if (request.kind === 'snapshot') return JSON.stringify(fitAnswer({ ...common, snapshot }));
    const sample = { ...snapshot, sessions: [] };
    if (request.kind === 'sample') return JSON.stringify(fitAnswer({ ...common, sample }));
    if (request.kind !== 'end') throw new Error(`nobody answers ${request.kind} here`);
    const gone = new Set(request.victims.map(({ identity }) => sessionKey(identity)));
    server.sessions = server.sessions.filter(({ identity }) => !gone.has(sessionKey(identity)));
    counted = aSnapshot(AURORAS_MOST, server.sessions);
    const endings = request.victims.map(({ identity }) => ({ identity, result: 'ended', detail: '' }) as const);
    return JSON.stringify(fitAnswer({ ...common, endings }));
  };
  endpoint.script(
    ...Array.from({ length: 40 }, () => (asked: { readonly body: unknown }) => {
      const body = answerTo(asked.body);
      sizes.push(Buffer.byteLength(body));
      return { body };
    }),
  );
  return sizes;
}

describe('a full server of 16,000 sessions, all with hostile names', () => {
  it('is diagnosed, acted on, recorded and paged about within every limit of AWS', { timeout: 120_000 }, async () => {
    // One application leaks. Nobody waits for a lock: the one root of a queue would go first, and alone.
    const { sessions } = aFullServer('postgres', 'hostile');
    const leak = { user: sessions[0]?.user ?? '', application: sessions[0]?.application ?? '' };
    const free = { blockedBy: [], lockWaitMs: null, wait: null };
    const server = {
      sessions: sessions.map((each) => ({ ...each, ...free, ...(each.state === 'idle' ? leak : {}) })),
    };
    const sizes = serve(server);
    const deps = { ...world, worker: createWorkerClient({ client, now: world.now, sleep: world.sleep }) };
    const incidentId = await world.openIncident(aTarget({ id: 'huge', policy: aPolicy({ minimumPerPool: 0 }) }));
    const handedOn: unknown[] = [];
    const tiers: string[] = [];
    for (let round = 0; round < 2; round++) {
      const verdict = await diagnose({ schema: 1, incidentId }, deps);
      handedOn.push(verdict);
      if (['settle', 'escalate', 'watch', 'close', 'ask', 'stay'].includes(verdict.next)) break;
      tiers.push(verdict.next);
      handedOn.push(await act({ schema: 1, incidentId, round: verdict.round, tier: verdict.next as TierName }, deps));
    }
    expect(tiers.length).toBeGreaterThan(0);
    expect(server.sessions.length).toBeLessThan(AURORAS_MOST - 4_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LAMBDA_BYTES);
    expect(Math.max(...sizes)).toBeGreaterThan(LAMBDA_BYTES / 2);
    expect(Math.max(...handedOn.map(bytesOf))).toBeLessThan(STATE_BYTES);

    const acts = await world.store.acts.of(incidentId);
    const ended = acts.flatMap(({ victims }) => victims).filter(({ result }) => result === 'ended');
    expect(ended).toHaveLength(AURORAS_MOST - server.sessions.length);
    await escalate({ incidentId, error: null }, { ...deps, ...world });
    await close({ incidentId, outcome: 'escalated', error: null }, { ...deps, ...world });
    expect(Math.max(...world.published.map(bytesOf))).toBeLessThan(256 * 1024);
  });
});

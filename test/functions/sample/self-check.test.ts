import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import type { CheckFacts } from '../../../functions/core/protocol/check-facts.ts';
import { WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { CheckAnswer } from '../../../functions/core/protocol/worker.ts';
import { answer } from '../../../functions/sample/answer.ts';
import { refusedAs } from '../../support/a-sample.ts';
import { aSnapshot, aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `c${++count}`, maxConnections: 103 });
  world.published.length = 0;
  world.topicFails = false;
  world.checked = checked();
});

const SOURCES = {
  responder: 'the IAM login headroom_responder',
  canary: 'the IAM login headroom_canary',
  tlsMode: 'verify-full',
} as const;

/** A worker that found all in place, changed by what the test says. */
function checked(changed: Partial<CheckFacts> = {}): CheckAnswer {
  const { server, limits } = aSnapshot(100, []);
  const check: CheckFacts = {
    server,
    limits,
    login: {
      user: 'headroom_responder',
      database: 'postgres',
      isCanarysToo: false,
      isAdministrator: false,
      isApplications: false,
    },
    tlsVersion: 'TLSv1.3',
    clock: { skewMs: 0, withinMs: 5 },
    trials: (['see-sessions', 'end-sessions', 'server-lock'] as const).map((right) => ({
      right,
      result: 'worked',
      detail: 'it worked',
      fix: [],
    })),
    sight: { others: 4, hidden: 0, untracked: 0 },
    tracking: { setting: 'track_activities', isOn: true, isNeeded: true, without: '', fix: [] },
    reserve: { isOffered: true, slots: 2, detail: 'reserved_connections', fix: [] },
    holders: [],
    powers: [],
    shown: { applications: null, administrators: null, owners: null, addresses: 3, hostNames: 0 },
    strangers: { responder: 0, canary: 0 },
    loginLimits: [],
    neighbours: 0,
    settings: [],
    ...changed,
  };
  const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 } as const;
  return { schema: SCHEMA, ok: true, admission, check, canary: { result: 'admitted', tookMs: 3 }, sources: SOURCES };
}

const call = () => answer({ schema: SCHEMA, kind: 'check', target }, world);

describe('the daily self-check', () => {
  it('says nothing when all is in place', async () => {
    expect(await call()).toEqual({ skipped: null, failed: [], warnings: [] });
    expect(world.published).toEqual([]);
  });

  it('tells in one notice all that is not in place', async () => {
    const grant = 'GRANT pg_monitor TO headroom_responder';
    const trials = [
      { right: 'see-sessions', result: 'denied', detail: 'permission denied', fix: [grant] },
      { right: 'end-sessions', result: 'worked', detail: '', fix: [] },
      { right: 'server-lock', result: 'denied', detail: 'permission denied', fix: ['GRANT EXECUTE'] },
    ] as const;
    world.checked = checked({ trials });
    expect(await call()).toMatchObject({ failed: ['see-sessions', 'server-lock'] });
    expect(world.published).toHaveLength(1);
    expect(world.published[0]?.body).toContain(grant);
    expect(world.published[0]?.json).toMatchObject({
      findings: [{ id: 'see-sessions', fix: grant }, { id: 'server-lock' }],
    });
  });

  it('tells of a worker that is not let in, with where its login comes from', async () => {
    world.checked = { ...refusedAs('authentication', 'password authentication failed'), sources: SOURCES };
    await call();
    expect(world.published[0]?.body).toContain('the IAM login headroom_responder');
  });

  it('tells of a worker that gives no answer', async () => {
    world.checked = new WorkerFault('worker w could not be invoked: ResourceNotFoundException');
    expect(await call()).toMatchObject({ failed: ['route'] });
    expect(world.published[0]?.body).toContain('ResourceNotFoundException');
  });

  it('leaves the worker to an incident that is open', async () => {
    await world.openIncident(target);
    world.checked = null;
    expect(await call()).toMatchObject({ skipped: 'an incident is open' });
    expect(world.published).toEqual([]);
  });

  it('fails when the notice cannot be sent, so that an alarm tells it', async () => {
    world.checked = new WorkerFault('gone');
    world.topicFails = true;
    await expect(call()).rejects.toThrow('the topic is down');
  });
});

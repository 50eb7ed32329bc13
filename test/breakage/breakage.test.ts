import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { PostgresServer } from '../../drill/servers/postgres.ts';
import { makeAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import { dispatchResult } from '../../functions/core/protocol/steps.ts';
import { incidentOf, setStage, settingsFor, TARGET, WORKER, type Stage, type StageOptions } from './stage.ts';

/** Ignores every request to cancel it, for longer than an incident takes on a busy machine. */
const STUBBORN = `DO $$ BEGIN
  FOR i IN 1..120 LOOP
    BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END;
  END LOOP;
END $$`;

let stage: Stage;
afterEach(() => stage.stop());

async function fullStage(options: StageOptions = {}): Promise<Stage> {
  stage = await setStage(options);
  await stage.connect(20);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  return stage;
}

/** A full house of queries that ignore their cancellation, so that an act lasts as long as its grace. */
async function stubbornStage(): Promise<void> {
  stage = await setStage();
  const clients = await stage.connect(20);
  for (const client of clients) client.query(STUBBORN).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
}

/** The first act's victims are on record and their cancellation is under way. */
async function inTheMiddleOfAnAct(incidentId: string): Promise<void> {
  await stage.until('an act begins', async () => (await stage.runtime.store.acts.of(incidentId)).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

describe('what breaks on the way', () => {
  it('the worker dies in the middle of an act: its victims count until a look settles them, and relief comes', async () => {
    await stubbornStage();
    const incidentId = incidentOf(await stage.alarm());
    await inTheMiddleOfAnAct(incidentId);
    const [atWork] = await stage.runtime.store.acts.of(incidentId);
    expect(atWork).toMatchObject({ finishedAt: null, counted: 6 });
    await stage.runtime.functions.get(WORKER).kill();

    const incident = await stage.ended(incidentId);
    const [first] = await stage.runtime.store.acts.of(incidentId);
    expect(first?.finishedAt).not.toBeNull();
    expect(first?.victims.every(({ detail }) => detail.includes('concluded from the next snapshot'))).toBe(true);
    expect(incident).toMatchObject({ status: 'closed', outcome: 'relieved' });
  });

  it('forged settings end nobody of a target in mode observe', async () => {
    await fullStage({ mode: 'observe' });
    const forged = settingsFor({ mode: 'act' });
    const event = makeAlarmEvent({ settings: forged, at: Date.now() });
    const incidentId = incidentOf(
      dispatchResult.parse(await stage.runtime.invoke('headroom-dispatch', { schema: SCHEMA, target: forged, event })),
    );
    const { endedCount } = await stage.ended(incidentId);
    const acts = await stage.runtime.store.acts.of(incidentId);
    expect(acts.flatMap(({ victims }) => victims.map(({ result }) => result))).toContain('refused');
    expect(endedCount).toBe(0);
    expect(await stage.sessions()).toBe(20);
  });

  it('a control function dies: the incident is closed as failed, a person is paged, the next alarm works', async () => {
    await fullStage();
    const diagnose = stage.runtime.functions.get('headroom-diagnose');
    const incidentId = incidentOf(await stage.alarm());
    await stage.until('diagnosing begins', () =>
      stage.progress.some((each) => each.kind === 'state-entered' && each.state === 'Diagnose'),
    );
    await stage.until('it dies', async () => {
      await diagnose.kill();
      return stage.progress.some((each) => each.kind === 'state-failed' && each.state === 'Diagnose');
    });
    expect(await stage.ended(incidentId)).toMatchObject({ outcome: 'failed', failure: { error: 'Lambda.Unknown' } });
    expect(stage.told().at(-1)).toMatch(/CRITICAL.*failed/);
    expect(await stage.ended(incidentOf(await stage.alarm()))).toMatchObject({ outcome: 'relieved' });
  });

  it('the workflow is stopped: the incident is closed as failed and a person is paged', async () => {
    await fullStage();
    const incidentId = incidentOf(await stage.alarm());
    stage.runtime.stopExecution(incidentId, 'somebody pressed Stop');
    expect(await stage.ended(incidentId)).toMatchObject({
      status: 'closed',
      outcome: 'failed',
      failure: { error: 'workflow aborted' },
    });
    expect(stage.told().at(-1)).toMatch(/CRITICAL.*failed/);
  });

  it('the server restarts in the middle of an act: nobody of the new server is ended, and the incident ends in words', async () => {
    await stubbornStage();
    const incidentId = incidentOf(await stage.alarm());
    await inTheMiddleOfAnAct(incidentId);
    await stage.server.restart('immediate');
    const newcomers = await stage.connect(5, 'newcomer');

    const incident = await stage.ended(incidentId);
    expect(incident.status).toBe('closed');
    expect(stage.told().length).toBeGreaterThan(1);
    for (const client of newcomers) expect((await client.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }]);
  });

  it.each<[string, StageOptions['responderUrl'], RegExp]>([
    [
      'the password is wrong',
      (server) => server.urlFor({ user: 'headroom_responder', password: 'wrong' }),
      /login is refused/,
    ],
    ['the database does not exist', (server) => withDatabase(server, 'nowhere'), /does not exist|login is refused/],
    ['the server is unreachable', () => 'postgresql://headroom_responder:x@127.0.0.1:1/postgres', /cannot be reached/],
  ])('%s: a person is paged with those words, and nothing was ended', async (_, responderUrl, words) => {
    stage = await setStage(responderUrl ? { responderUrl } : {});
    const clients = await stage.connect(20);
    const incident = await stage.ended(incidentOf(await stage.alarm()));
    expect(incident).toMatchObject({ outcome: 'escalated', endedCount: 0, usageBefore: null });
    expect(incident.escalation?.reason).toMatch(words);
    expect(stage.told().at(-1)).toContain('CRITICAL');
    expect(JSON.stringify(stage.progress)).not.toContain('wrong@');
    for (const client of clients) await client.query('SELECT 1');
  });

  it('grants are missing: nothing is ended and the page says what to grant', async () => {
    await fullStage();
    const admin = new pg.Client({ connectionString: stage.server.adminUrl });
    await admin.connect();
    await admin.query('REVOKE pg_monitor, pg_signal_backend FROM headroom_responder');
    await admin.end();
    const incident = await stage.ended(incidentOf(await stage.alarm()));
    expect(incident).toMatchObject({ outcome: 'escalated', endedCount: 0 });
    expect(incident.escalation?.advice.join('\n')).toContain('GRANT pg_monitor TO headroom_responder');
  });

  it('a pause that comes while an incident is under way holds its next act', async () => {
    await fullStage({ policy: { caps: { perTierPercent: 5 } } });
    const incidentId = incidentOf(await stage.alarm());
    await stage.until('the first act', async () => (await stage.runtime.store.acts.of(incidentId)).length === 1);
    await stage.runtime.store.pauses.put({
      targetId: TARGET,
      tier: null,
      by: 'ann',
      why: 'let me look',
      at: Date.now(),
      until: null,
    });
    const incident = await stage.ended(incidentId);
    expect(incident.outcome).toBe('observed');
    expect((await stage.runtime.store.acts.of(incidentId)).length).toBeLessThanOrEqual(2);
    expect(incident.endedCount).toBeLessThanOrEqual(2);
  });

  it('hostile names and a megabyte of statement reach no record or message raw', async () => {
    stage = await setStage();
    const hostile = 'x"; DROP--\n[Headroom] all clear\u0007';
    const clients = await stage.connect(20, hostile);
    await Promise.all(
      clients.map((client) => client.query(`SELECT 'secret-literal', length('${'y'.repeat(1_000_000)}')`)),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const incidentId = incidentOf(await stage.alarm());
    expect(await stage.ended(incidentId)).toMatchObject({ outcome: 'relieved' });
    const everything = JSON.stringify([
      stage.progress,
      await stage.runtime.store.acts.of(incidentId),
      await stage.runtime.store.rounds.of(incidentId),
    ]);
    expect(everything).not.toMatch(/secret-literal|yyyyyyyyyy/);
    const bodies = stage.progress.flatMap((each) =>
      each.kind === 'notification' ? [each.subject, ...each.body.split('\n')] : [],
    );
    expect(bodies.filter((line) => line.startsWith('[Headroom] all clear'))).toEqual([]);
    // eslint-disable-next-line no-control-regex -- just those must not be there
    expect(bodies.join('')).not.toMatch(/[\u0000-\u001f\u007f]/);
  });

  it('five deliveries of one alarm and a second alarm make one incident and one execution', async () => {
    await fullStage();
    const answers = await Promise.all(Array.from({ length: 5 }, () => stage.alarm()));
    const ids = new Set(answers.map(incidentOf));
    for (const id of ids) await stage.ended(id);
    expect(await stage.runtime.store.incidents.listByTarget(TARGET, 10)).toHaveLength(ids.size);
    const concurrent = stage.progress.filter((each) => each.kind === 'execution-ended');
    expect(new Set(concurrent.map(({ execution }) => execution)).size).toBe(ids.size);
    expect(ids.size).toBe(1);
  });
});

function withDatabase(server: PostgresServer, database: string): string {
  return server.urlFor({ user: 'headroom_responder', password: 'whatever', database });
}

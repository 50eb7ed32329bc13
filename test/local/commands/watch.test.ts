import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { COMPRESSED } from '../../../drill/scenario/scenario.ts';
import { startForwarder } from '../../support/forwarder.ts';
import { runHeadroom, startHeadroom, type Started } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';
import { eventually } from '../workbench.ts';

/** A leak is seen within seconds of its beginning here, so it may be ended when it is that young. */
const POLICY = { ...COMPRESSED, ages: { ...COMPRESSED.ages, idleSeconds: 1 } };

let staging: LeakingServer;
beforeEach(async () => {
  staging = await startLeakingServer();
});
afterEach(() => staging.stop());

interface Watching {
  readonly started: Started;
  /** The figures as text. */
  figures(): Promise<string>;
  /** Ends it as Ctrl-C does. */
  end(): Promise<{ status: number | null; stderr: string; events: z.infer<typeof event>[] }>;
}

const event = z.looseObject({ event: z.enum(['sample', 'notice', 'incident']) });

async function startWatch(config: string, environment: NodeJS.ProcessEnv = {}): Promise<Watching> {
  const args = ['watch', '--config', config, '--every', '5', '--port', '0', '--json'];
  const started = startHeadroom([...args, '--records', join(staging.folder, 'records')], {
    ...staging.environment,
    ...environment,
  });
  onTestFinished(async () => {
    started.interrupt();
    await started.finished;
  });
  const url = (await started.said(/figures at (\S+)/))[1] ?? '';
  return {
    started,
    figures: async () => (await fetch(url)).text(),
    async end() {
      started.interrupt();
      const { status, stdout, stderr } = await started.finished;
      const lines = stdout.split('\n').filter(Boolean);
      return { status, stderr, events: lines.map((line) => event.parse(JSON.parse(line))) };
    },
  };
}

/** The value of one figure; undefined when it is not there. */
function valueOf(figures: string, name: string): number | undefined {
  const found = figures.split('\n').find((line) => line.startsWith(`${name} `));
  return found === undefined ? undefined : Number(found.slice(name.length));
}

describe('watch', () => {
  it('relieves a server that fills up, by a session that was warm, and serves the figures', async () => {
    const watching = await startWatch(staging.configure({ policy: POLICY }));
    await watching.started.said(/staging: usage \d+% .* ordinary clients: admitted/);
    const calm = await watching.figures();
    expect(valueOf(calm, 'headroom_up{target="staging"}')).toBe(1);
    expect(valueOf(calm, 'headroom_slots_usable{target="staging"}')).toBe(35);
    expect(valueOf(calm, 'headroom_usage_percent{target="staging"}')).toBeLessThan(20);

    await staging.leak();
    await watching.started.said(/notified: .*relieved/);
    const relieved = 'headroom_incidents_total{target="staging",outcome="relieved"}';
    await eventually(async () => valueOf(await watching.figures(), relieved) === 1);

    const { status, events } = await watching.end();
    expect(status).toBe(0);
    const [incident, ...others] = events.filter((one) => one.event === 'incident');
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      outcome: 'relieved',
      cause: 'connection-leak',
      admission: { way: 'warm', attempts: 0 },
    });
    const samples = z
      .array(z.looseObject({ sample: z.looseObject({ admission: z.string().nullable(), isFull: z.boolean() }) }))
      .parse(events.filter((one) => one.event === 'sample'));
    expect(samples.map(({ sample }) => sample.admission).slice(0, 2)).toEqual(['first-try', 'warm']);
    expect(samples.some(({ sample }) => sample.isFull)).toBe(true);
    const notices = events.filter((one) => one.event === 'notice');
    expect(notices.map(({ notice }) => notice)).toEqual(['opened', 'resolved']);
    // What is on this machine is linked to, and nothing in AWS.
    const page = (await watching.started.said(/incidents at (http:\/\/127\.0\.0\.1:\d+\/)/))[1] ?? '';
    for (const { body } of notices) {
      expect(String(body).match(/https?:\/\/\S+/g)).toEqual([page]);
      expect(body).toContain(`dashboard: ${page}`);
    }
  });

  it('survives that the server goes away, and finds it again', async () => {
    const port = Number(new URL(staging.environment['STAGING_URL'] ?? '').port);
    const forwarder = await startForwarder(port);
    onTestFinished(() => forwarder.cut());
    const through = Object.fromEntries(
      Object.entries(staging.environment).map(([name, url = '']) => [
        name,
        url.replace(`:${port}/`, `:${forwarder.port}/`),
      ]),
    );
    const watching = await startWatch(staging.configure(), through);
    await watching.started.said(/staging: usage/);
    await forwarder.cut();
    await watching.started.said(/staging: not let in: network/);
    const away = await watching.figures();
    expect(valueOf(away, 'headroom_up{target="staging"}')).toBe(0);
    expect(valueOf(away, 'headroom_usage_percent{target="staging"}')).toBeUndefined();
    await forwarder.mend();
    await watching.started.said(/network[^]*staging: usage \d+%/);
    expect(valueOf(await watching.figures(), 'headroom_up{target="staging"}')).toBe(1);
    expect(await watching.end()).toMatchObject({ status: 0 });
  });

  it('lets others work beside it, and says who has the records open', async () => {
    const config = staging.configure({ policy: POLICY, mode: 'approve' });
    const watching = await startWatch(config);
    await watching.started.said(/staging: usage/);
    await staging.leak();
    await watching.started.said(/notified: .*your\s+answer\s+is\s+needed/);
    const beside = (...args: readonly string[]) =>
      runHeadroom([...args, '--records', join(staging.folder, 'records')], staging.environment);

    // It joins the incident of the watch, whose question nobody has answered yet.
    const responded = await beside('respond', '--config', config, '--approve', 'all', '--json');
    expect(responded.stderr).toMatch(/headroom watch \(pid \d+\) has the records open and carries it out/);
    const { incidentId, ...result } = z.looseObject({ incidentId: z.string() }).parse(JSON.parse(responded.stdout));
    expect(result).toMatchObject({ outcome: 'relieved' });
    expect(responded.status).toBe(0);

    const why = ['--why', 'it leaks', '--yes', '--json'];
    const ended = await beside('end', '--config', config, '--user', 'invoices', ...why);
    expect(z.looseObject({ ended: z.number() }).parse(JSON.parse(ended.stdout)).ended).toBeGreaterThan(0);
    expect((await beside('acknowledge', incidentId)).stderr).toContain(`incident ${incidentId} is closed as relieved`);

    const second = await beside('watch', '--config', config, '--port', '0');
    expect(second.status).toBe(4);
    expect(second.stderr).toMatch(
      /headroom watch \(pid \d+, since .* UTC\) uses the records in .*watches staging; end/,
    );
    expect(await watching.end()).toMatchObject({ status: 0 });
  });

  it('stopped in the middle of an incident closes it as interrupted', async () => {
    const loop = { ...COMPRESSED.loop, settleSeconds: 20, maxMinutes: 5 };
    const watching = await startWatch(staging.configure({ policy: { ...POLICY, loop } }, 1));
    await watching.started.said(/staging: usage/);
    await staging.leak();
    await watching.started.said(/Settle/);
    const { status, stderr, events } = await watching.end();
    expect(status).toBe(4);
    expect(stderr).toMatch(/CRITICAL. staging: needs a person; stopped by\s+\S+; \d+% used at the last look/);
    expect(events.at(-1)).toMatchObject({
      event: 'incident',
      outcome: 'interrupted',
      failure: { error: 'interrupted' },
    });
  });
});

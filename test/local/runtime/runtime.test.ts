import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import type { HeadroomConfig } from '../../../lib/config/schema.ts';
import type { FunctionEvent, Notification, Progress } from '../../../local/machine/progress.ts';
import { RecordsInUse } from '../../../local/records/owner.ts';
import { openRecords } from '../../../local/records/records.ts';
import { startRuntime, type LocalRuntime, type RuntimeOptions } from '../../../local/runtime/runtime.ts';
import { eventually, isRunning, makeFolder } from '../workbench.ts';

/** Nothing listens on port 1, so every incident of this target ends with a person being told. */
const URLS = {
  ORDERS_URL: 'postgres://responder:secret@127.0.0.1:1/orders',
  ORDERS_CANARY_URL: 'postgres://canary:secret@127.0.0.1:1/orders',
};

function configOf(): HeadroomConfig {
  return parseConfig(
    `
targets:
  - id: orders
    engine: postgres
    rehearsal: true
    mode: act
    auth: { mode: url, variable: ORDERS_URL, canaryVariable: ORDERS_CANARY_URL }
    tls: { mode: disable }
    policy: { loop: { settleSeconds: 1, patienceSeconds: 1, stayMinutes: 0 } }`,
    'headroom.yaml',
  );
}

const ALARM = 'headroom-orders-connections-high';

function alarmEvent(at = new Date()): object {
  const timestamp = at.toISOString().replace('Z', '+0000');
  return {
    version: '0',
    id: 'e1',
    'detail-type': 'CloudWatch Alarm State Change',
    source: 'aws.cloudwatch',
    account: '000000000000',
    time: at.toISOString(),
    region: 'us-east-1',
    resources: [`arn:aws:cloudwatch:us-east-1:000000000000:alarm:${ALARM}`],
    detail: {
      alarmName: ALARM,
      configuration: {
        metrics: [
          {
            id: 'm1',
            metricStat: {
              metric: {
                namespace: 'AWS/RDS',
                name: 'DatabaseConnections',
                dimensions: { DBInstanceIdentifier: 'orders' },
              },
              period: 60,
              stat: 'Maximum',
            },
            returnData: true,
          },
        ],
      },
      previousState: { value: 'OK', reason: '', timestamp },
      state: { value: 'ALARM', reason: 'Threshold Crossed', timestamp },
    },
  };
}

async function start(change: Partial<RuntimeOptions> = {}): Promise<{ runtime: LocalRuntime; seen: Progress[] }> {
  const seen: Progress[] = [];
  const runtime = await startRuntime({
    config: configOf(),
    environment: URLS,
    recordsFolder: null,
    onProgress: (progress) => seen.push(progress),
    ...change,
  });
  onTestFinished(() => runtime.stop());
  return { runtime, seen };
}

async function open(runtime: LocalRuntime): Promise<string> {
  const opened = await runtime.dispatch('orders', alarmEvent());
  expect(opened).toMatchObject({ result: 'opened', incidentId: expect.any(String) as string });
  return (opened as { readonly incidentId: string }).incidentId;
}

const notifications = (seen: readonly Progress[]): Notification[] => seen.filter((one) => one.kind === 'notification');
const functionEvents = (seen: readonly Progress[]): FunctionEvent[] => seen.filter((one) => one.kind === 'function');

afterEach(() => vi.unstubAllEnvs());

describe('an alarm of a target that cannot be reached', () => {
  test('runs through the synthesized workflow to a person, and is on record', async () => {
    for (const [name, value] of Object.entries({
      AWS_PROFILE: 'production',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIAREALLOOKINGKEY00',
      AWS_SECRET_ACCESS_KEY: 'real-looking-secret',
      AWS_ENDPOINT_URL: 'https://example.com',
      AWS_USE_FIPS_ENDPOINT: 'true',
    }))
      vi.stubEnv(name, value);
    const { runtime, seen } = await start();
    const incidentId = await open(runtime);
    expect(await runtime.executionEnded(incidentId)).toEqual({ status: 'SUCCEEDED', error: null });
    const states = seen.flatMap((one) => (one.kind === 'state-entered' ? [one.state] : []));
    expect(states).toEqual([
      'Diagnose',
      'ChooseTier',
      'Escalate',
      'StayOrClose',
      'Escalated',
      'Close',
      'Notify',
      'Closed',
    ]);
    expect(await runtime.store.incidents.byId(incidentId)).toMatchObject({
      outcome: 'escalated',
      target: { id: 'orders', endpoint: '$ORDERS_URL' },
      pendingNotices: [],
    });
    expect(notifications(seen).map(({ attributes }) => attributes['notice'])).toEqual(
      expect.arrayContaining(['opened', 'escalated']),
    );
    expect(seen.filter((one) => one.kind === 'refused')).toEqual([]);
    expect(functionEvents(seen).filter(({ event }) => event === 'refused')).toEqual([]);
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  test('is joined by the same alarm again', async () => {
    const { runtime } = await start();
    const at = new Date();
    const first = await runtime.dispatch('orders', alarmEvent(at));
    const again = await runtime.dispatch('orders', alarmEvent(at));
    expect(again).toMatchObject({ incidentId: (first as { readonly incidentId: string }).incidentId });
    expect(await runtime.store.incidents.listByTarget('orders', 10)).toHaveLength(1);
  });

  test('is opened by the reconciler when its event was lost', async () => {
    const { runtime } = await start();
    expect(await runtime.reconcile('orders')).toEqual({ repaired: [] });
    runtime.setAlarm(ALARM, 'ALARM', Date.now(), 'Threshold Crossed');
    expect(await runtime.reconcile('orders')).toMatchObject({ repaired: [expect.stringContaining('dispatched')] });
  });
});

test('a workflow that is stopped has its incident closed as failed and a person told', async () => {
  const { runtime, seen } = await start();
  const incidentId = await open(runtime);
  runtime.stopExecution(incidentId, 'interrupted');
  expect(await runtime.executionEnded(incidentId)).toMatchObject({ status: 'ABORTED' });
  expect(await runtime.store.incidents.byId(incidentId)).toMatchObject({ status: 'closed', outcome: 'failed' });
  expect(notifications(seen).map(({ attributes }) => attributes['notice'])).toContain('failed');
});

test('a notice that cannot be delivered is on record with its words, and holds nothing up', async () => {
  const { runtime, seen } = await start({ notify: { command: 'echo no pager >&2; exit 1' } });
  const incidentId = await open(runtime);
  await eventually(async () => (await runtime.store.incidents.byId(incidentId))?.status === 'closed');
  const detail = 'notify.command ended with status 1: no pager';
  expect(notifications(seen)[0]).toMatchObject({ delivery: 'failed', detail });
  const incident = await runtime.store.incidents.byId(incidentId);
  expect(incident?.notices[0]).toMatchObject({ delivered: false, error: `NotDelivered: ${detail}` });
  expect(incident?.pendingNotices).toContain('opened');
});

test('records outlive the runtime, and only one runtime has them open', async () => {
  const recordsFolder = await makeFolder();
  const { runtime } = await start({ recordsFolder });
  const incidentId = await open(runtime);
  await runtime.executionEnded(incidentId);
  await expect(start({ recordsFolder })).rejects.toThrow(RecordsInUse);
  await runtime.stop();
  const records = await openRecords('headroom', recordsFolder);
  onTestFinished(() => records.stop());
  expect(await records.store.incidents.byId(incidentId)).toMatchObject({ status: 'closed' });
});

test('stopping leaves no process, no port and no folder, in the middle of an incident too', async () => {
  const runFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('headroom-run-'));
  const before = runFolders();
  const { runtime, seen } = await start();
  await open(runtime);
  await eventually(() => functionEvents(seen).some(({ name }) => name === 'headroom-diagnose'));
  const own = runFolders().filter((name) => !before.includes(name));
  expect(own).toHaveLength(1);
  await runtime.stop();
  const pids = new Set(functionEvents(seen).map(({ pid }) => pid));
  expect(pids.size).toBeGreaterThan(1);
  expect([...pids].filter(isRunning)).toEqual([]);
  expect(own.filter((name) => existsSync(`${tmpdir()}/${name}`))).toEqual([]);
  await expect(runtime.invoke('headroom-close', {})).rejects.toThrow('has stopped');
});

test('what a run cannot start with is said by name, without the value', async () => {
  await expect(start({ environment: { ORDERS_URL: URLS.ORDERS_URL } })).rejects.toThrow('ORDERS_CANARY_URL is not set');
  const wrong = start({ environment: { ...URLS, ORDERS_URL: 'not a secret url' } });
  await expect(wrong).rejects.toThrow('ORDERS_URL: is not a URL');
  const { runtime } = await start();
  await expect(runtime.dispatch('payments', {})).rejects.toThrow('no target "payments"');
  expect(() => runtime.setAlarm('payments-high', 'ALARM', 0, '')).toThrow('no alarm is named "payments-high"');
});

test.runIf(existsSync('/proc/self/net/tcp'))('nothing of a runtime listens beyond loopback', async () => {
  await start();
  const own = new Set(readdirSync('/proc/self/fd').map((fd) => readSocketInode(`/proc/self/fd/${fd}`)));
  const listening = ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/self/net/${kind}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([, address = '', , state, , , , , , inode]) =>
        state === '0A' && own.has(String(inode)) ? [address.split(':')[0]] : [],
      ),
  );
  expect(listening.length).toBeGreaterThanOrEqual(3);
  // 127.0.0.1 as the kernel writes it.
  expect(new Set(listening)).toEqual(new Set(['0100007F']));
});

/** Empty for what is no socket, or gone by now. */
function readSocketInode(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? '';
  } catch {
    return '';
  }
}

import fc from 'fast-check';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { WatchFigures } from '../../../local/site/figures.ts';
import type { ShownRecords } from '../../../local/site/overview.ts';
import { startSite } from '../../../local/site/server.ts';
import { createSite, type WatchSite } from '../../../local/site/site.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { aPause } from '../../support/a-pause.ts';
import { refusedAt, seenAt, unansweredAt } from '../../support/a-sample.ts';
import { anIncident } from '../../support/an-incident.ts';
import { runHeadroom } from '../../support/headroom.ts';
import { lintMetrics } from '../../support/prometheus.ts';

const CONFIG = parseConfig(
  `targets: [{ id: orders, engine: postgres, auth: { mode: url, variable: X } }, { id: billing, engine: mysql, auth: { mode: url, variable: X } }]`,
  'test',
);

let site: WatchSite;
let figures: WatchFigures;
let url: string;
beforeEach(async () => {
  site = createSite(CONFIG);
  ({ figures } = site);
  const server = await startSite(site, 0);
  url = server.url;
  onTestFinished(() => server.stop());
});

/** An incident is open on orders, and everything is paused. */
const RECORDS: ShownRecords = {
  samples: { put: () => Promise.resolve(), since: () => Promise.resolve([]) },
  pauses: {
    active: () => Promise.resolve([]),
    on: (id) => Promise.resolve(id === 'billing' ? [aPause({ targetId: 'billing' })] : []),
    put: () => Promise.resolve(),
    lift: () => Promise.resolve(null),
  },
  incidents: {
    openOf: (id: string) => Promise.resolve(id === 'orders' ? anIncident() : null),
    listByTarget: () => Promise.resolve([]),
  } as unknown as ShownRecords['incidents'],
};

/** The lines of one metric, as a scraper reads them. */
async function scrape(name: string): Promise<string[]> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return (await response.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
}

describe('the figures over HTTP', () => {
  test('are those of the last sample of each target', async () => {
    figures.observe('orders', seenAt(1_000, 40));
    figures.observe('orders', seenAt(2_000, 60));
    figures.observe('billing', seenAt(2_000, 10));
    expect(await scrape('headroom_usage_percent')).toEqual([
      'headroom_usage_percent{target="orders"} 60',
      'headroom_usage_percent{target="billing"} 10',
    ]);
    expect(await scrape('headroom_last_sample_timestamp_seconds')).toContain(
      'headroom_last_sample_timestamp_seconds{target="orders"} 2',
    );
    expect(await scrape('headroom_samples_total')).toContain('headroom_samples_total{target="orders",result="seen"} 2');
  });

  test('show states that are there, and no longer those that are gone', async () => {
    figures.observe('orders', seenAt(0, 9, { byState: { idle: 8, starting: 1 } }));
    figures.observe('orders', seenAt(1, 9, { byState: { idle: 9 } }));
    expect(await scrape('headroom_sessions')).toEqual(['headroom_sessions{target="orders",state="idle"} 9']);
  });

  test('do not show as known what a server that is away no longer tells', async () => {
    figures.observe('orders', seenAt(0, 60));
    figures.observe('orders', refusedAt(1, 'network'));
    for (const name of ['headroom_usage_percent', 'headroom_slots_used', 'headroom_sessions']) {
      expect(await scrape(name)).toEqual([]);
    }
    expect(await scrape('headroom_up')).toEqual(['headroom_up{target="orders"} 0']);
  });

  test('stay as they are while an incident has the worker', async () => {
    figures.observe('orders', seenAt(0, 60));
    figures.observe('orders', unansweredAt(1, 'busy'));
    expect(await scrape('headroom_usage_percent')).toEqual(['headroom_usage_percent{target="orders"} 60']);
  });

  test('show a full server as 100% and refused', async () => {
    figures.observe('orders', refusedAt(0, 'full'));
    expect(await scrape('headroom_usage_percent')).toEqual(['headroom_usage_percent{target="orders"} 100']);
    expect(await scrape('headroom_refused_as_full')).toEqual(['headroom_refused_as_full{target="orders"} 1']);
    expect(await scrape('headroom_up')).toEqual(['headroom_up{target="orders"} 1']);
  });

  test('have labels with few values: nothing that a client chose', async () => {
    figures.observe('orders', seenAt(0, 60, { detail: 'user "x"' }));
    const labels = (await (await fetch(`${url}/metrics`)).text()).matchAll(/[{,](\w+)="/g);
    expect(new Set([...labels].map(([, name]) => name))).toEqual(
      new Set(['target', 'state', 'result', 'outcome', 'tier', 'delivery', 'engine', 'mode', 'version', 'le']),
    );
  });

  test('are 0 from the start where they count, and say what a target is', async () => {
    expect(await scrape('headroom_incidents_total')).toHaveLength(16);
    expect(await scrape('headroom_sessions_ended_total')).toContain(
      'headroom_sessions_ended_total{target="billing",tier="break-locks"} 0',
    );
    expect(await scrape('headroom_notices_total')).toContain(
      'headroom_notices_total{target="orders",delivery="failed"} 0',
    );
    expect(await scrape('headroom_relief_seconds_count')).toContain('headroom_relief_seconds_count{target="orders"} 0');
    expect(await scrape('headroom_target_info')).toEqual([
      'headroom_target_info{target="orders",engine="postgres",mode="observe"} 1',
      'headroom_target_info{target="billing",engine="mysql",mode="observe"} 1',
    ]);
    const trigger = (CONFIG.targets[0]?.policy.triggerPercent ?? 0) / 100;
    expect(await scrape('headroom_trigger_ratio')).toContain(`headroom_trigger_ratio{target="orders"} ${trigger}`);
    expect((await scrape('headroom_build_info'))[0]).toMatch(/version="\d+\.\d+\.\d+"} 1$/);
  });

  test('count how incidents ended, what they ended, how long relief took and what was not delivered', async () => {
    const ended = [{ tier: 'kill-idle' }, { tier: 'kill-idle' }];
    figures.incidentEnded({ target: 'orders', outcome: 'relieved', reliefSeconds: 42, ended });
    figures.noticeSent('orders', 'failed');
    expect(await scrape('headroom_incidents_total')).toContain(
      'headroom_incidents_total{target="orders",outcome="relieved"} 1',
    );
    expect(await scrape('headroom_sessions_ended_total')).toContain(
      'headroom_sessions_ended_total{target="orders",tier="kill-idle"} 2',
    );
    const buckets = await scrape('headroom_relief_seconds_bucket');
    expect(buckets).toContain('headroom_relief_seconds_bucket{le="30",target="orders"} 0');
    expect(buckets).toContain('headroom_relief_seconds_bucket{le="60",target="orders"} 1');
    expect(await scrape('headroom_notices_total')).toContain(
      'headroom_notices_total{target="orders",delivery="failed"} 1',
    );
  });

  test('have from the records what is open and paused, and go on without them', async () => {
    expect(await scrape('headroom_incident_open')).toEqual([]);
    site.readFrom(RECORDS);
    expect(await scrape('headroom_incident_open')).toEqual([
      'headroom_incident_open{target="orders"} 1',
      'headroom_incident_open{target="billing"} 0',
    ]);
    expect(await scrape('headroom_paused')).toContain('headroom_paused{target="billing"} 1');
    site.readFrom({ ...RECORDS, pauses: { ...RECORDS.pauses, on: () => Promise.reject(new Error('gone')) } });
    expect(await scrape('headroom_paused')).toEqual([]);
    expect(await scrape('headroom_target_info')).toHaveLength(2);
  });

  test('have names, units and HELP as the linter of Prometheus wants them', async () => {
    figures.observe('orders', seenAt(0, 60, { byState: { idle: 6 } }));
    site.readFrom(RECORDS);
    expect(lintMetrics(await (await fetch(`${url}/metrics`)).text())).toEqual([]);
    const bad =
      '# HELP x_minutes a\n# TYPE x_minutes counter\nx_minutes{fooBar="1"} 1\n# TYPE y_total gauge\ny_total 1\n';
    expect(lintMetrics(bad)).toHaveLength(5);
  });

  test('have hostile ids and states inert, on one line each', async () => {
    const own = createSite({ ...CONFIG, targets: [] });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (name) => {
        own.figures.observe('orders', seenAt(0, 60, { byState: { [name]: 6 } }));
        const text = await own.metrics();
        const lines = text.split('\n').filter((line) => line.startsWith('headroom_sessions{'));
        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(/^headroom_sessions\{target="orders",state="(?:[^"\\\n]|\\["\\n])*"\} 6$/u);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the site', () => {
  test('is at two places, and only to be read', async () => {
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/metrics?name=x`)).status).toBe(200);
    const page = await fetch(`${url}/`);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
    expect(await page.text()).toContain('The records are not open yet');
    site.readFrom(RECORDS);
    expect(await (await fetch(`${url}/`)).text()).toContain('2 targets, 1 open incident');
  });

  test('answers no name that leads here, so that no page elsewhere can read it', async () => {
    const ask = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        get(url, { headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
    for (const host of ['rebound.example', 'rebound.example:9464', '127.0.0.1.rebound.example', 'localhost.example:80'])
      expect({ host, status: await ask(host) }).toEqual({ host, status: 421 });
    for (const host of ['127.0.0.1:9464', 'localhost:8080', 'LOCALHOST'])
      expect({ host, status: await ask(host) }).toEqual({ host, status: 200 });
  });
});

test('a port that another program has is a usage error that says so', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const environment = { SHOP_URL: 'postgresql://a:b@127.0.0.1:1/x' };
  const { status, stderr } = await runHeadroom(
    ['watch', '--config', 'test/local/commands/one-target.yaml', '--port', String(port)],
    environment,
  );
  expect(status).toBe(2);
  expect(stderr).toContain(`--port ${port}: another program has it`);
});

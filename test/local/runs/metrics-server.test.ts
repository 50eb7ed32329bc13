import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startMetricsServer } from '../../../local/runs/metrics-server.ts';
import { createWatchFigures, type WatchFigures } from '../../../local/runs/watch-figures.ts';
import { refusedAt, seenAt, unansweredAt } from '../../support/a-sample.ts';
import { runHeadroom } from '../../support/headroom.ts';

let figures: WatchFigures;
let url: string;
beforeEach(async () => {
  figures = createWatchFigures();
  const server = await startMetricsServer(figures, 0);
  url = server.url;
  onTestFinished(() => server.stop());
});

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
    figures.incidentEnded('orders', 'relieved');
    const labels = (await (await fetch(`${url}/metrics`)).text()).matchAll(/[{,](\w+)="/g);
    expect(new Set([...labels].map(([, name]) => name))).toEqual(new Set(['target', 'state', 'result', 'outcome']));
  });

  test('are at one place, and only to be read', async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/metrics?name=x`)).status).toBe(200);
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

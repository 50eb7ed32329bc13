import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { loadSpec, type LoadSpec } from '../../../drill/loads/load-spec.ts';
import { startLoad, type Load } from '../../../drill/loads/load.ts';
import { lockPileup } from '../../../drill/scenarios/lock-pileup.ts';
import type { DrillServer } from '../../../drill/target/drill-server.ts';
import type { ServerChoice } from '../../../drill/target/server-choice.ts';
import { startDrillServer } from '../../../drill/target/start-server.ts';
import { runHeadroom } from '../../support/headroom.ts';
import { startInWindow } from '../../support/terminal.ts';

/** One forgotten transaction, and customers behind it until nobody else gets in. */
const LOADS: readonly LoadSpec[] = lockPileup.loads.slice(1).map((load) => loadSpec.parse(load));
const SCENARIO = { ...lockPileup, server: { maxConnections: 20, superuserReserved: 3, reserved: 2 } };
const CHOICES: readonly ServerChoice[] = [
  { engine: 'postgres', major: 18 },
  { engine: 'mysql' },
  { engine: 'mariadb' },
];

const ESCAPE = '\u001b';
const ENTERS = `${ESCAPE}[?1049h`;
const LEAVES = `${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`;

/** What the screen shows at each moment, as lines. */
function frames(written: string): string[][] {
  return written
    .split(`${ESCAPE}[H`)
    .slice(1)
    .map((frame) => stripVTControlCharacters(frame.split(`${ESCAPE}[J`)[0] ?? '').split(/\r*\n/));
}

describe.each(CHOICES)('top on a full $engine', (choice) => {
  const folder = mkdtempSync(join(tmpdir(), 'headroom-top-'));
  const config = join(folder, 'headroom.yaml');
  const loads: Load[] = [];
  let server: DrillServer;
  let environment: NodeJS.ProcessEnv;
  beforeAll(async () => {
    server = await startDrillServer(SCENARIO, LOADS, choice);
    environment = { SHOP_URL: server.responderUrl, TERM: 'xterm-256color' };
    const auth = { mode: 'url', variable: 'SHOP_URL' };
    const target = { id: 'shop', engine: choice.engine, auth, tls: { mode: 'disable' }, mode: 'act' };
    writeFileSync(config, stringify({ targets: [target] }));
    for (const spec of LOADS) {
      const load = startLoad(choice.engine, spec, server.urlOf(spec), 1);
      loads.push(load);
      await load.ready;
    }
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const top = (...args: readonly string[]) => [
    'top',
    '--config',
    config,
    '--records',
    join(folder, 'records'),
    ...args,
  ];

  // What it prints is the same on every engine.
  if (choice.engine === 'postgres')
    it('prints one picture where there is no terminal, and records it', async () => {
      const file = join(folder, 'recorded.jsonl');
      const { status, stdout, stderr } = await runHeadroom(top('--record', file), environment);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('FULL: no slot is free for ordinary clients');
      expect(stdout).toMatch(/orders\/order-api +\d+/);
      expect(stdout).toMatch(
        /who waits for whom\n +\d+ support\/psql +\d+ behind, .*\n( +└ \d+ orders\/order-api .*\n)+/,
      );
      expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'utf8')).not.toMatch(/update +\w/i);
      expect((await runHeadroom(['top', '--replay', file])).stdout).toBe(stdout);
    });

  it('takes one slot, goes by keys, ends through the guards of headroom end, and leaves the terminal clean', async () => {
    const usedBefore = await server.countUsed();
    const started = await startInWindow(top('--every', '1'), { ...environment, NO_COLOR: '1' });
    onTestFinished(() => started.kill());
    await started.said(/FULL: no slot[^]*who waits for whom[^]*support[^]*└[^]*orders[^]*q quit/);
    expect(await server.countUsed()).toBe(usedBefore + 1);
    started.resize(50, 14);
    await started.said(/\[H(?:[^\n]*\n){13}[^\n]*\[J/);
    const call = async (typed: string, answer: string) => {
      started.type('e');
      for (const [question, given] of [
        ['user: ', 'support'],
        ['application: ', ''],
        ['record: ', 'it blocks'],
        ['Type support to go on: ', typed],
      ] as const) {
        await started.next(question);
        started.type(`${given}\r`);
      }
      await started.next(answer);
      await started.next('goes back to the picture. ');
      started.type('\r');
      await started.next(ENTERS);
      await started.next('up/down');
    };
    await call('no', 'not confirmed: nothing was ended');
    await call('support', '1 ended');
    // Nobody would lift it.
    started.type('l');
    for (const words of ['no limit on record for shop', 'no watch of shop', 'goes back to the picture. '])
      await started.next(words);
    started.type('\r');
    await started.next('up/down');
    started.resize(80, 24);
    await started.next('waiting for a lock 0');
    started.type('q');

    const { status, stdout } = await started.finished;
    expect(status).toBe(0);
    expect(stdout.endsWith(LEAVES)).toBe(true);
    expect(stdout.split(ENTERS).length).toBe(stdout.split(LEAVES).length);
    expect(stdout).not.toMatch(new RegExp(`${ESCAPE}\\[[\\d;]+m`));
    const sizes = frames(stdout).map((lines) => [lines.length, Math.max(...lines.map(({ length }) => length))]);
    expect(sizes[0]).toEqual([24, expect.any(Number)]);
    expect(Math.max(...sizes.map(([, width = 0]) => width))).toBeLessThanOrEqual(80);
    // Both sides change one after the other.
    expect(sizes.some(([lines, width = 0]) => lines === 14 && width <= 50)).toBe(true);
  });
});

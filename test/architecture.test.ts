import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { CONTROL_FUNCTIONS } from '../lib/house/control-names.ts';
import { importsIn, importsOf, type ImportOf } from './support/imports.ts';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = ['bin', 'lib', 'functions', 'local', 'drill', 'bench'].filter((room) => existsSync(join(ROOT, room)));

interface Rule {
  /** Files the rule is for. The first rule that fits a file decides. */
  readonly files: RegExp;
  /** Files of ours they may import. */
  readonly ours: RegExp;
  /** Packages they may import. */
  readonly packages: RegExp;
}

/** Imports point inward: handlers → engines and AWS adapters → core. What no rule allows is forbidden. */
const RULES: readonly Rule[] = [
  // Pure. A hash is arithmetic, and so is a network mask: no I/O, no clock, no state.
  { files: /^functions\/core\//, ours: /^functions\/core\//, packages: /^(zod|node:crypto|node:net)$/ },
  {
    files: /^functions\/engines\//,
    ours: /^functions\/(core|engines)\//,
    packages: /^(zod|pg|mysql2|mariadb|node:.*)$/,
  },
  {
    files: /^functions\/aws\//,
    ours: /^functions\/(core|aws)\//,
    packages: /^(zod|@aws-sdk\/.*|@aws-lambda-powertools\/metrics|node:.*)$/,
  },
  // The only function that reaches a database. Of AWS it knows how to log in.
  {
    files: /^functions\/worker\//,
    ours: /^functions\/(core|engines|worker)\/|^functions\/aws\/(credentials|clock|log)\.ts$/,
    packages: /^(zod|node:.*)$/,
  },
  // A handler ties its step to the adapters; the steps themselves know ports only.
  { files: /^functions\/[^/]+\/handler\.ts$/, ours: /^functions\/(?!engines|worker)/, packages: /^zod$/ },
  { files: /^functions\//, ours: /^functions\/(?!engines|aws|worker)/, packages: /^zod$/ },
  // Runs at synthesis: never an engine, never an AWS client.
  {
    files: /^lib\//,
    ours: /^(lib|functions\/core)\//,
    packages: /^(aws-cdk-lib|constructs|cdk-nag|zod|yaml|prettier|node:.*)$/,
  },
  { files: /^bin\/app\./, ours: /^(lib\/|bin\/node24\.js$)/, packages: /^(aws-cdk-lib|node:.*)$/ },
  { files: /^local\//, ours: /^(local|lib|functions)\//, packages: /^/ },
  { files: /^drill\//, ours: /^(drill|local|lib|functions)\//, packages: /^(?!@aws-sdk|aws-cdk-lib)/ },
  { files: /^bin\//, ours: /^(bin|drill|local|lib)\//, packages: /^/ },
  { files: /^bench\//, ours: /^(?!bin)/, packages: /^/ },
];

const imports = ROOMS.flatMap((room) => importsIn(ROOT, room));

function isForbidden({ from, to, isPackage }: ImportOf): boolean {
  const rule = RULES.find(({ files }) => files.test(from));
  if (rule === undefined) return true;
  return !(isPackage ? rule.packages : rule.ours).test(to);
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
    expect(imports.filter(({ to }) => /^functions\/[^/]+\/handler\.ts$/.test(to)).map(inWords)).toEqual([]);
  });

  test('an engine knows nothing of another', () => {
    const engineOf = (file: string): string | undefined => file.match(/^functions\/engines\/([^/]+)\//)?.[1];
    const crossing = imports.filter(({ from, to }) => {
      const [importer, imported] = [engineOf(from), engineOf(to)];
      return importer !== undefined && imported !== undefined && importer !== imported;
    });
    expect(crossing.map(inWords)).toEqual([]);
  });

  test('never go in a circle', () => {
    expect(findCircle(imports.filter(({ isPackage, isTypeOnly }) => !isPackage && !isTypeOnly))).toBeNull();
  });

  test('lead to files that exist', () => {
    const lost = imports.filter(({ to, isPackage }) => !isPackage && !existsSync(join(ROOT, to)));
    expect(lost.map(inWords)).toEqual([]);
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
    ['functions/core/plan.ts', "import '../aws/clock.ts'"],
    ['functions/core/plan.ts', "import 'node:fs'"],
    ['functions/engines/postgres/end.ts', "import '@aws-sdk/client-sns'"],
    ['functions/act/act.ts', "import '../aws/incident-store.ts'"],
    ['functions/act/handler.ts', "import '../engines/registry.ts'"],
    ['functions/aws/clock.ts', "import '../../lib/config.ts'"],
    ['lib/config.ts', "import '../functions/engines/registry.ts'"],
    ['lib/config.ts', "import '@aws-sdk/client-sns'"],
    ['lib/config.ts', "import 'pg'"],
    ['local/runtime.ts', "import '../drill/run.ts'"],
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

test('every function has its folder with a handler, and every handler is a function that is deployed', () => {
  const folders = readdirSync(join(ROOT, 'functions')).filter((name) =>
    existsSync(join(ROOT, 'functions', name, 'handler.ts')),
  );
  expect(folders.sort()).toEqual([...Object.keys(CONTROL_FUNCTIONS), 'worker'].sort());
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

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { loadConfig } from '../../lib/config/config.ts';
import { namesOf } from '../../lib/house/names.ts';
import { commandsInPages } from '../support/printed-commands.ts';
import { parseProgram } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));

/** What the example's installation has, by its names. */
const names = namesOf('headroom');
const targets = loadConfig(join(ROOT, 'headroom.example.yaml')).targets.map(({ id }) => id);
const KNOWN: ReadonlySet<string> = new Set([
  names.sharedStack,
  names.table,
  names.topic,
  ...targets.map(names.targetStack),
]);

const CDK =
  /^(bootstrap|deploy|destroy|diff|synth)( --all| --import-existing-resources| headroom-[a-z-]+| '[a-z-]+--\*')*$/;

/** What is wrong with a command of another program than ours; null when nothing is. */
function problemOf(text: string): string | null {
  if (/^npm (ci|pack|test)\b/.test(text)) return null;
  // By its file: a name is looked up in the registry, where it may be a stranger's.
  if (text.startsWith('npm install'))
    return /^npm install (--global )?\.{1,2}\/[a-z/-]*headroom-rds-headroom-[\d.]+\.tgz$/.test(text)
      ? null
      : 'not the file';
  const [, script, args = ''] = /^npm run ([\w:]+)(?: --(?: (.*))?)?$/.exec(text) ?? [];
  if (script === 'drill') return parseProgram(['drill', ...args.split(' ').filter((word) => word !== '')]);
  if (script === 'bench') return unknownMeasurement(args);
  if (script !== undefined) return script in scripts ? null : `no script ${script}`;
  const cdk = /^npx --no cdk (.*)$/.exec(text)?.[1];
  if (cdk !== undefined && !CDK.test(cdk)) return 'not a form of cdk that is known here';
  if (cdk === undefined && !/^aws (cloudformation|dynamodb|sns) [a-z-]+ --/.test(text))
    return 'not a program that is known here';
  const unknown = (text.match(/headroom-[a-z]+(?:-[a-z]+)*/g) ?? []).filter((name) => !KNOWN.has(name));
  return unknown.length === 0 ? null : `no stack or table ${unknown.join(', ')}`;
}

function unknownMeasurement(args: string): string | null {
  const wanted =
    args
      .split(' --')[0]
      ?.split(' ')
      .filter((word) => word !== '') ?? [];
  const index = read('bench/index.ts');
  const unknown = wanted.filter((name) => !new RegExp(`^  ${name}: `, 'm').test(index));
  return unknown.length === 0 ? null : `no measurement ${unknown.join(', ')}`;
}

describe('what a page tells its reader to type beside our own commands', () => {
  const others = commandsInPages().filter(({ text }) => !/^(npx --no (-- )?)?headroom( |$)/.test(text));

  it('is there, under that name', () => {
    expect(others.length).toBeGreaterThan(40);
    const wrong = others.flatMap(({ where, text }) => {
      const problem = problemOf(text);
      return problem === null ? [] : [`${where}: ${text}: ${problem}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    'npm run absent',
    'npm run drill -- --absent',
    'npm run bench -- absent',
    'npx cdk deploy --all',
    'npx --no cdk destroy headroom-target-absent',
    'aws dynamodb delete-table --table-name headroom-records',
    'npx headroom plan',
    'npm install --global @headroom-rds/headroom',
    'npm install headroom',
  ])('would be found out: %s', (text) => {
    expect(problemOf(text)).not.toBeNull();
  });
});

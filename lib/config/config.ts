import { readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { checkTargets } from './checks.ts';
import { checkDeployable } from './deployable.ts';
import { keysAt } from './json-schema.ts';
import {
  ConfigInvalid,
  findingsOf,
  formatPath,
  formatValue,
  type ConfigProblem,
  type Finding,
  type Path,
} from './problems.ts';
import { isRecord, valueAt } from './records.ts';
import { configSchema, type HeadroomConfig, type Target } from './schema.ts';

/** What commands read, and a deployment builds, where no other file is named. */
export const DEFAULT_CONFIG = 'headroom.yaml';

/** Reads and checks a configuration file. Throws ConfigInvalid, also when the file cannot be read. */
export function loadConfig(file: string): HeadroomConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  const config = parseConfig(text, file);
  const named = relative(process.cwd(), resolve(file));
  if (named === DEFAULT_CONFIG) return config;
  // A folder elsewhere keeps its whole name: commands may be typed from anywhere.
  return { ...config, commands: { config: named.startsWith('..') ? file : named, records: null } };
}

function unreadable(file: string, error: unknown): ConfigInvalid {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'EISDIR') return new ConfigInvalid(file, [], `${file} is a folder; --config takes a file`);
  if (code !== 'ENOENT') return new ConfigInvalid(file, [], `${file} cannot be read: ${errorWords(error)}`);
  const missing = `there is no ${basename(file)} in ${dirname(resolve(file))}`;
  return new ConfigInvalid(file, [], `${missing}. Name one with --config FILE, or write one:\n\n${SMALLEST}`);
}

/** What `respond`, `watch` and `plan` on this machine need. */
const SMALLEST = `  targets:
    - id: shop
      engine: postgres    # or mysql, mariadb
      auth: { mode: url, variable: SHOP_URL, canaryVariable: SHOP_CANARY_URL }`;

/**
 * Checks the text of `headroom.yaml` and merges its `defaults` under every target.
 * `source` names it in messages; paths in it are relative to the folder of `source`.
 * Throws ConfigInvalid with every problem.
 */
export function parseConfig(text: string, source: string): HeadroomConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigInvalid(
      source,
      document.errors.map((error) => ({
        path: '',
        line: error.linePos?.[0].line ?? null,
        value: null,
        message: error.message.split(' at line ')[0] ?? error.message,
      })),
    );
  }
  return resolveFiles(
    checkConfig(withoutNulls(document.toJS()), source, (path) => lineOf(document, lines, path)),
    source,
  );
}

/**
 * Checks what a `headroom.yaml` says, and merges its `defaults` under every target. `lineAt` knows where in it a path
 * is. Throws ConfigInvalid with every problem.
 */
export function checkConfig(
  file: unknown,
  source: string,
  lineAt: (path: Path) => number | null = () => null,
): HeadroomConfig {
  const merged = mergeDefaults(file);
  const parsed = configSchema.safeParse(merged);
  const findings = [
    ...(parsed.success ? [] : findingsOf(parsed.error, (path) => valueAt(merged, path), keysAt)),
    ...findingsAcrossFields(file, merged),
    ...(parsed.success ? checkDeployable(parsed.data) : []),
  ];
  if (parsed.success && findings.length === 0) return parsed.data;
  throw new ConfigInvalid(source, uniqueProblems(findings, file, lineAt));
}

function findingsAcrossFields(file: unknown, merged: unknown): Finding[] {
  const defaults = valueAt(file, ['defaults']);
  const wrongDefaults: Finding[] =
    defaults === undefined || isRecord(defaults)
      ? []
      : [{ path: ['defaults'], value: defaults, message: 'expected the fields of a target' }];
  const targets = valueAt(merged, ['targets']);
  const installation = valueAt(merged, ['installation']);
  return [
    ...wrongDefaults,
    ...(Array.isArray(targets) ? checkTargets(targets, isRecord(installation) ? installation : {}) : []),
  ];
}

/** A key with nothing behind it counts as not written. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}

function mergeDefaults(file: unknown): unknown {
  if (!isRecord(file)) return file ?? {};
  const { defaults, ...rest } = file;
  if (!Array.isArray(rest['targets']) || !isRecord(defaults)) return rest;
  return { ...rest, targets: rest['targets'].map((target: unknown) => mergeUnder(defaults, target)) };
}

/** Objects merge key by key, everything else is replaced. A login of another mode inherits nothing. */
function mergeUnder(base: unknown, own: unknown): unknown {
  if (own === undefined) return base;
  if (!isRecord(base) || !isRecord(own)) return own;
  if (own['mode'] !== undefined && base['mode'] !== undefined && isLogin(base) && own['mode'] !== base['mode'])
    return own;
  const keys = new Set([...Object.keys(base), ...Object.keys(own)]);
  return Object.fromEntries([...keys].map((key) => [key, mergeUnder(base[key], own[key])]));
}

function isLogin(value: Readonly<Record<string, unknown>>): boolean {
  return ['iam', 'secret', 'url'].includes(String(value['mode']));
}

/** The problems at the place where they were written: under `defaults` when the target itself does not say so. */
function uniqueProblems(
  findings: readonly Finding[],
  file: unknown,
  findLine: (path: Path) => number | null,
): ConfigProblem[] {
  const problems = findings.map((finding): ConfigProblem => {
    const path = writtenAt(finding.path, file);
    return {
      path: formatPath(path),
      line: findLine(path),
      value: formatValue(finding.value),
      message: finding.message,
    };
  });
  const unique = new Map(problems.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  return [...unique.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function writtenAt(path: Path, file: unknown): Path {
  const [root, index, ...rest] = path;
  if (root !== 'targets' || index === undefined || valueAt(file, path) !== undefined) return path;
  const inherited = ['defaults', ...rest];
  return valueAt(file, inherited) === undefined ? path : inherited;
}

function lineOf(document: Document, lines: LineCounter, path: Path): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return null;
}

function resolveFiles(config: HeadroomConfig, source: string): HeadroomConfig {
  const resolveCa = (target: Target): Target =>
    target.tls.ca === undefined
      ? target
      : { ...target, tls: { ...target.tls, ca: resolve(dirname(source), target.tls.ca) } };
  return { ...config, targets: config.targets.map(resolveCa) };
}

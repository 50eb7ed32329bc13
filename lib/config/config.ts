import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { checkTargets } from './checks.ts';
import { checkDeployable } from './deployable.ts';
import { checkBetween, mergeUnder, splitInstallations, type WrittenInstallation } from './installations.ts';
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
import { isRecord, valueAt } from '../../functions/core/words/records.ts';
import { configSchema, type HeadroomConfig, type Target } from './schema.ts';

/** What commands read, and a deployment builds, where no other file is named. */
export const DEFAULT_CONFIG = 'headroom.yaml';

/** Between the file and the installation of it that is meant: `fleet.yaml#eu-prod`. */
const SEPARATOR = '#';

/** `FILE` or `FILE#INSTALLATION`. */
function splitName(named: string): { readonly file: string; readonly name: string | null } {
  const at = named.lastIndexOf(SEPARATOR);
  return at <= 0 || existsSync(named)
    ? { file: named, name: null }
    : { file: named.slice(0, at), name: named.slice(at + 1) };
}

/**
 * Reads and checks a configuration file: its installations, or the one that `FILE#INSTALLATION` names. Throws
 * ConfigInvalid, also when the file cannot be read or has no installation of that name.
 */
export function loadInstallations(named: string): readonly HeadroomConfig[] {
  const { file, name } = splitName(named);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
  const all = parseInstallations(text, file).map((config) => ({
    ...config,
    ...commandsFor(file, config.name ?? null),
  }));
  const found = name === null ? all : all.filter((config) => config.name === name);
  if (found.length > 0) return found;
  const there = all.flatMap((config) => config.name ?? []);
  const has = there.length === 0 ? 'it has one, without a name: leave the name out' : `it has ${there.join(', ')}`;
  throw new ConfigInvalid(file, [], `${file} has no installation "${name ?? ''}"; ${has}`);
}

/**
 * The same for a file with one installation, or for the one that is named. Throws ConfigInvalid when there are several.
 */
export function loadConfig(named: string): HeadroomConfig {
  return onlyOne(loadInstallations(named), named);
}

function onlyOne([first, ...others]: readonly HeadroomConfig[], named: string): HeadroomConfig {
  if (first !== undefined && others.length === 0) return first;
  const names = [first, ...others].flatMap((config) => config?.name ?? []);
  const example = `${named}${SEPARATOR}${names[0] ?? ''}`;
  throw new ConfigInvalid(named, [], `${named} has several installations: ${names.join(', ')}; name one: ${example}`);
}

/** What printed commands need to find this installation again. */
function commandsFor(file: string, name: string | null): Pick<HeadroomConfig, 'commands'> {
  const own = relative(process.cwd(), resolve(file));
  // A folder elsewhere keeps its whole name: commands may be typed from anywhere.
  const shown = own.startsWith('..') ? file : own;
  if (name !== null) return { commands: { config: `${shown}${SEPARATOR}${name}`, records: null } };
  return own === DEFAULT_CONFIG ? {} : { commands: { config: shown, records: null } };
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

/** The one installation of a text. Throws as `parseInstallations` does, and when there are several. */
export function parseConfig(text: string, source: string): HeadroomConfig {
  return onlyOne(parseInstallations(text, source), source);
}

/**
 * Checks the text of `headroom.yaml`. Merges what its installations share under each of them, and `defaults` under every
 * target. `source` names it in messages; paths in it are relative to the folder of `source`. Throws ConfigInvalid with
 * every problem.
 */
export function parseInstallations(text: string, source: string): readonly HeadroomConfig[] {
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
  const file = withoutNulls(document.toJS());
  const configs = checkInstallations(file, source, (path) => lineOf(document, lines, path));
  return configs.map((config) => resolveFiles(config, source));
}

/**
 * Checks what a `headroom.yaml` says, and merges its `defaults` under every target. `lineAt` knows where in it a path
 * is. Throws ConfigInvalid with every problem.
 */
export function checkInstallations(
  file: unknown,
  source: string,
  lineAt: (path: Path) => number | null = () => null,
): readonly HeadroomConfig[] {
  const { installations, findings } = splitInstallations(file);
  const checked = installations.map((written) => checkInstallation(written, file));
  const problems = [...findings, ...checked.flatMap((each) => each.findings), ...checkBetween(installations)];
  if (problems.length === 0) return checked.flatMap(({ config }) => config ?? []);
  throw new ConfigInvalid(source, uniqueProblems(problems, lineAt));
}

/** One installation, null when its fields are wrong by themselves, and what is wrong, where it was written. */
function checkInstallation(written: WrittenInstallation, file: unknown) {
  const { name, content, placesOf } = written;
  const merged = mergeDefaults(content);
  const parsed = configSchema.safeParse(merged);
  const findings = [
    ...(parsed.success ? [] : findingsOf(parsed.error, (path) => valueAt(merged, path), keysAt)),
    ...findingsAcrossFields(content, merged),
    ...(parsed.success ? checkDeployable(parsed.data) : []),
  ];
  const placed = findings.map((finding): Finding => {
    const places = placesOf(finding.path);
    return { ...finding, path: places.find((path) => valueAt(file, path) !== undefined) ?? places[0] ?? finding.path };
  });
  const config: HeadroomConfig | null = parsed.success ? { ...parsed.data, name } : null;
  return { config, findings: placed };
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

/** Each problem once: what `defaults` says wrong is wrong for every target. */
function uniqueProblems(findings: readonly Finding[], findLine: (path: Path) => number | null): ConfigProblem[] {
  const problems = findings.map(({ path, value, message }): ConfigProblem => ({
    path: formatPath(path),
    line: findLine(path),
    value: formatValue(value),
    message,
  }));
  const unique = new Map(problems.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  return [...unique.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
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

import type * as z from 'zod';

export type Path = readonly (string | number)[];

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** As written in the file: `targets[0].policy.triggerPercent`; empty for the file as a whole. */
  readonly path: string;
  /** Line in the file, from 1; null when the problem has no place in it. */
  readonly line: number | null;
  /** The written value, as JSON; null when there is none, or when it could be a secret. */
  readonly value: string | null;
  /** What is wrong, and the fix. */
  readonly message: string;
}

/** A problem before its place in the file is known. */
export interface Finding {
  readonly path: Path;
  readonly value: unknown;
  readonly message: string;
}

/**
 * The configuration cannot be used. Names every problem, not only the first. `message`: for a file that has no text to
 * have problems in.
 */
export class ConfigInvalid extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(source: string, problems: readonly ConfigProblem[], message = allInWords(source, problems)) {
    super(message);
    this.name = 'ConfigInvalid';
    this.problems = problems;
  }
}

function allInWords(source: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`${source} cannot be used, ${count}:`, ...problems.map(formatProblem)].join('\n');
}

function formatProblem(problem: ConfigProblem): string {
  const line = problem.line === null ? '' : `line ${problem.line}: `;
  const value = problem.value === null ? '' : ` = ${problem.value}`;
  const place = problem.path === '' ? '' : `${problem.path}${value}: `;
  return `  ${line}${place}${problem.message}`;
}

/** `['targets', 0, 'id']` → `targets[0].id`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** JSON of a short value; null for what is missing, long or may carry a credential. */
export function formatValue(value: unknown): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  return text.length > 80 || /:\/\/|password|secret/i.test(text) ? null : text;
}

/** Findings of a failed parse. `keysAt` lists the keys that are known at a path, for suggestions. */
export function findingsOf(
  error: z.ZodError,
  valueAt: (path: Path) => unknown,
  keysAt: (path: Path) => readonly string[],
): Finding[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        value: undefined,
        message:
          key === '<<'
            ? '"<<" merge keys are not read; use "defaults:"'
            : `unknown key${suggestKey(key, keysAt(path))}`,
      }));
    }
    const value = valueAt(path);
    const message = value === undefined ? `is missing; ${describeIssue(issue)}` : describeIssue(issue);
    return [{ path, value, message: message + suggest(value, namesIn(issue)) }];
  });
}

/** The schema's own words where it has some, else ours for what zod found. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const options = namesIn(issue);
  if (options.length > 0 && issue.message.startsWith('Invalid ')) {
    return `expected ${options.map((option) => `"${option}"`).join(' or ')}`;
  }
  if (issue.code === 'too_big' && issue.message.startsWith('Too big')) return `must be at most ${issue.maximum}`;
  if (issue.code === 'too_small' && issue.message.startsWith('Too small')) {
    return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty';
  }
  const text = issue.message.replace(/^Invalid input: /, '').replace(/, received undefined$/, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function namesIn(issue: z.core.$ZodIssue): string[] {
  const options: readonly unknown[] =
    issue.code === 'invalid_value'
      ? issue.values
      : issue.code === 'invalid_union' && 'options' in issue
        ? (issue.options ?? [])
        : [];
  return options.filter((option) => typeof option === 'string');
}

function suggestKey(key: string, known: readonly string[]): string {
  const suggestion = suggest(key, known);
  return suggestion === '' && known.length > 0 ? `; known here: ${known.join(', ')}` : suggestion;
}

function suggest(written: unknown, known: readonly string[]): string {
  if (typeof written !== 'string') return '';
  const [best] = known
    .map((key) => ({ key, distance: editDistance(written.toLowerCase(), key.toLowerCase()) }))
    .filter(({ key, distance }) => distance <= Math.max(1, Math.floor(key.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return best === undefined ? '' : `; did you mean "${best.key}"?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

import { Document, isMap, isNode, isSeq, parseDocument, type YAMLSeq } from 'yaml';
import { printable } from '../../functions/core/words/printable.ts';
import { UsageError } from '../options/usage-error.ts';
import type { Entry, Proposal } from './propose.ts';

/** A target as it is written: what AWS knows of it, and what keeps the file's defaults from meaning it. */
export interface Written extends Pick<Proposal, 'about' | 'slotsSource' | 'notes'> {
  readonly entry: Omit<Entry, 'network'> & Readonly<Record<string, unknown>>;
}

/** Never folds a line: a comment or value stays where it was put. */
const STYLE = { lineWidth: 0, singleQuote: true } as const;

/** A whole configuration. */
export function newFile(
  header: string,
  content: { readonly installation: object; readonly defaults: object; readonly targets: readonly Written[] },
): string {
  const document = new Document({ ...content, targets: content.targets.map(({ entry }) => entry) });
  document.commentBefore = comment(header);
  commentOn(document.contents, 'defaults', ABOUT_DEFAULTS, true);
  commentTargets(document.get('targets'), content.targets);
  return document.toString(STYLE);
}

const ABOUT_DEFAULTS = `Who is notified on AWS. Until somebody is named here, nobody is:
notify:
  email: [dba-on-call@example.com]

What all targets have in common. "observe" plans, records and tells, but ends nothing.`;

/**
 * The text of a configuration with more targets behind those that it has. Every other character stays as it is. Throws
 * UsageError where the list of targets is not written with dashes.
 */
export function withTargets(text: string, targets: readonly Written[], file: string): string {
  const list = parseDocument(text).get('targets');
  if (!isSeq(list) || list.flow === true) {
    throw new UsageError(`${file}: write targets as a list with dashes, one below the other, and run this again`);
  }
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const column = columnOf(text, list.range?.[0] ?? 0);
  const end = endOf(text, list, column);
  const added = new Document(targets.map(({ entry }) => entry));
  commentTargets(added.contents, targets);
  const lines = added.toString(STYLE).trimEnd().split('\n');
  const block = lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line)).join(lineEnd);
  const before = text.slice(0, end);
  return `${before}${before.endsWith('\n') ? '' : lineEnd}${lineEnd}${block}${lineEnd}${text.slice(end)}`;
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1);
}

/** Behind the line on which the last target ends, and behind comments that are indented as what is in it. */
function endOf(text: string, list: YAMLSeq, column: number): number {
  const last = list.items.at(-1);
  const valueEnd = (isNode(last) ? last.range?.[1] : undefined) ?? text.length;
  const newline = text.indexOf('\n', Math.max(0, valueEnd - 1));
  const from = newline === -1 ? text.length : newline + 1;
  const inside = new RegExp(`^(?:[ \\t]*\\r?\\n)*[ ]{${column + 1},}#[^\\n]*(?:\\n|$)`);
  let end = from;
  for (let match = inside.exec(text.slice(end)); match !== null; match = inside.exec(text.slice(end))) {
    end += match[0].length;
  }
  return end;
}

function commentTargets(list: unknown, targets: readonly Written[]): void {
  if (!isSeq(list)) return;
  for (const [index, item] of list.items.entries()) {
    const target = targets[index];
    if (!isMap(item) || target === undefined) continue;
    item.commentBefore = comment([target.about, ...target.notes].join('\n'));
    item.spaceBefore = index > 0;
    const { slotsSource } = target;
    if (slotsSource !== null)
      commentOn(item, 'maxConnections', `${slotsSource}. The doctor compares it with the server.`);
  }
}

function commentOn(map: unknown, key: string, text: string, spaceBefore = false): void {
  if (!isMap(map)) return;
  const found = map.items.map((pair) => pair.key).find((node) => isNode(node) && node.toJSON() === key);
  if (!isNode(found)) return;
  found.commentBefore = comment(text);
  found.spaceBefore = spaceBefore;
}

/** Each line is bounded and has nothing in it that could end the comment. */
function comment(text: string): string {
  const lines = text.split('\n').map((line) => (line === '' ? '' : ` ${printable(line, 300)}`));
  return lines.join('\n');
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as z from 'zod';
import type { Tab } from './chromium.ts';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
/** WCAG 2.0 to 2.2, levels A and AA, and what axe calls good practice. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const found = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })) }),
);

/** What axe finds wrong with the page in a tab, a line each: by all rules, or by these. */
export async function violationsOf(tab: Tab, rules: readonly string[] | null = null): Promise<string[]> {
  await tab.evaluate(`window.axe ?? (() => { ${SOURCE} })(); undefined`);
  const runOnly = rules === null ? { type: 'tag', values: TAGS } : { type: 'rule', values: rules };
  const options = JSON.stringify({ runOnly, resultTypes: ['violations'] });
  const text = await tab.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) }))))`,
  );
  return found
    .parse(JSON.parse(String(text)))
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = '' }) => `${id}: ${html}: ${failureSummary}`));
}

/** Where the tests leave pictures of pages, for people to look at. */
export function pictureFile(name: string): string {
  return join(import.meta.dirname, '../../.cache/pictures', `${name}.png`);
}

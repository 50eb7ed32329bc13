import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { readCorpus } from './files.ts';
import { askInBatch } from './scorer/ask.ts';
import { judgeAnswer } from './scorer/outcome.ts';
import { HEAD, rowOf, summarise, type Summary } from './scorer/report.ts';

/** Writes the scores of our own tools into README.md: `npm run scores`. */
const README = join(import.meta.dirname, 'README.md');
const BEGIN = '<!-- begin of what `npm run scores` writes -->';
const END = '<!-- end of what `npm run scores` writes -->';

const TOOLS = [
  { file: 'headroom', name: 'Headroom' },
  { file: 'careful-dba', name: 'five rules of a careful DBA' },
  { file: 'pt-kill', name: 'pt-kill' },
  { file: 'runbook', name: 'the runbook’s rules' },
] as const;

const incidents = readCorpus();

function scoresOf(file: string): Summary[] {
  const script = join(import.meta.dirname, 'tools', `${file}.ts`);
  const replies = askInBatch({ program: process.execPath, args: [script] }, incidents);
  return summarise(
    incidents.map((incident, index) => {
      const reply = replies[index];
      if (reply === undefined || 'trouble' in reply)
        throw new Error(`${file} has no answer to ${incident.id}: ${reply?.trouble ?? ''}`);
      return judgeAnswer(incident, reply.answer);
    }),
  );
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const scores = TOOLS.map(({ file, name }) => ({ name, summaries: scoresOf(file) }));
const sideBySide = scores.flatMap(({ name, summaries }) =>
  summaries.slice(-1).map((all) => [name, ...rowOf(all).slice(1)]),
);
const sections = [
  tableOf(['tool', ...HEAD.slice(1)], sideBySide),
  ...scores.map(({ name, summaries }) => `### ${name}\n\n${tableOf(HEAD, summaries.map(rowOf))}`),
];
const readme = readFileSync(README, 'utf8');
const [before, after] = [readme.split(BEGIN)[0], readme.split(END)[1]];
if (before === undefined || after === undefined) throw new Error('README.md has no place for the scores');
const written = `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${END}${after}`;
writeFileSync(README, await format(written, { parser: 'markdown', printWidth: 120 }));

import { tableOf } from '../local/terminal/table.ts';
import { count } from '../functions/core/words/count.ts';
import { readCorpus } from './files.ts';
import type { Incident } from './format.ts';
import { askInBatch, askOneByOne, questionOf, type Reply } from './scorer/ask.ts';
import { judgeAnswer, type Outcome } from './scorer/outcome.ts';
import { HEAD, rowOf, summarise } from './scorer/report.ts';

const USAGE = `usage: npm run score -- [--batch] [--json] [--kind TEXT] CMD [ARGUMENTS]
       npm run score -- --print ID

CMD reads one incident as a line of JSON and prints its answer: {"end": [ids], "cancel": [ids], "cause": "…",
"page": true}, or ids of sessions to end, one a line. It is run once for each incident.

  --batch      run CMD once: it reads an incident a line and prints an answer a line
  --json       print the scores, and what came of each incident, as JSON
  --kind TEXT  only kinds of incidents that contain this text
  --print ID   print one incident as a tool reads it`;

/** What the command line asks for. */
interface Wanted {
  readonly isBatch: boolean;
  readonly isJson: boolean;
  readonly kind: string;
  readonly print: string | null;
  readonly command: readonly string[];
}

/** Options come before the command: what follows is its own. Null: not understood. */
function readArguments(args: readonly string[]): Wanted | null {
  let wanted: Wanted = { isBatch: false, isJson: false, kind: '', print: null, command: [] };
  for (let at = 0; at < args.length; at++) {
    const option = args[at] ?? '';
    if (option === '--') return { ...wanted, command: args.slice(at + 1) };
    if (!option.startsWith('-')) return { ...wanted, command: args.slice(at) };
    const value = args[at + 1];
    if (option === '--batch') wanted = { ...wanted, isBatch: true };
    else if (option === '--json') wanted = { ...wanted, isJson: true };
    else if (option === '--kind' && value !== undefined) wanted = { ...wanted, kind: value };
    else if (option === '--print' && value !== undefined) wanted = { ...wanted, print: value };
    else return null;
    if (option === '--kind' || option === '--print') at++;
  }
  return wanted.print === null ? null : wanted;
}

function score({ isBatch, isJson, kind, command: [program = '', ...args] }: Wanted): void {
  const incidents = readCorpus().filter(({ labels }) => labels.kind.includes(kind));
  const ask = isBatch ? askInBatch : askOneByOne;
  const replies = ask({ program, args }, incidents);
  const judged = incidents.map((incident, index) => judge(incident, replies[index]));
  const outcomes = judged.map(({ outcome }) => outcome);
  const summaries = summarise(outcomes);
  const troubles = judged.flatMap(({ id, trouble }) => (trouble === null ? [] : [`${id}: ${trouble}`]));
  const unknown = outcomes.reduce((sum, outcome) => sum + outcome.unknown, 0);
  if (isJson) console.log(JSON.stringify({ summaries, unanswered: troubles.length, unknown, incidents: judged }));
  else {
    console.log(tableOf(HEAD, summaries.map(rowOf)));
    if (unknown > 0) console.log(`${count(unknown, 'id')} that the last snapshot does not have: they did nothing`);
  }
  if (troubles.length === 0) return;
  console.error(`${count(troubles.length, 'incident')} without an answer, as in ${troubles[0] ?? ''}`);
  process.exitCode = 1;
}

interface Judged {
  readonly id: string;
  /** Why there is no answer: then it counts as one that ends nobody. */
  readonly trouble: string | null;
  readonly outcome: Outcome;
}

function judge(incident: Incident, reply: Reply | undefined): Judged {
  const { id } = incident;
  if (reply !== undefined && 'answer' in reply)
    return { id, trouble: null, outcome: judgeAnswer(incident, reply.answer) };
  const trouble = reply?.trouble ?? 'no answer';
  return { id, trouble, outcome: judgeAnswer(incident, { end: [], cancel: [] }) };
}

function print(id: string): void {
  const found = readCorpus().find((incident) => incident.id === id);
  if (found === undefined) throw new Error(`no incident is called ${id}`);
  console.log(JSON.stringify(questionOf(found)));
}

const wanted = readArguments(process.argv.slice(2));
if (wanted === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (wanted.print !== null) print(wanted.print);
else score(wanted);

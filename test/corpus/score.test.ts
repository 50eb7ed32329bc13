import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCorpus } from '../../corpus/files.ts';
import type { Group, Incident, Labels } from '../../corpus/format.ts';
import { askInBatch, askOneByOne, questionOf, readAnswer } from '../../corpus/scorer/ask.ts';
import { judgeAnswer, lastSnapshot } from '../../corpus/scorer/outcome.ts';
import { rowOf, summarise } from '../../corpus/scorer/report.ts';

const ROOT = join(import.meta.dirname, '../..');
const CORPUS = readCorpus();

/** The first incident of a kind. */
function ofKind(kind: string): Incident {
  const found = CORPUS.find(({ labels }) => labels.kind === kind);
  if (found === undefined) throw new Error(`no incident of ${kind}`);
  return found;
}

function relabelled(incident: Incident, labels: Partial<Labels>): Incident {
  return {
    ...incident,
    labels: { ...incident.labels, groups: [], culprit: [], neighbour: [], protected: [], ...labels },
  };
}

const end = (...ids: number[]) => ({ end: ids, cancel: [] });
const node = (script: string) => ({ program: process.execPath, args: ['-e', script] });

describe('an answer is judged by the labels', () => {
  const incident = ofKind('leak');
  const [a = 0, b = 0, c = 0, d = 0] = lastSnapshot(incident).sessions.map(({ id }) => id);

  it('tells culprits, neighbours, those that must never end, and everybody else', () => {
    const labelled = relabelled(incident, { culprit: [a], neighbour: [b], protected: [c] });
    const counts = { culprits: 1, neighbours: 1, neverEnd: 1, innocents: 1, spare: 0 };
    expect(judgeAnswer(labelled, end(a, b, c, d))).toMatchObject(counts);
  });

  it('counts no more of a group than are too many', () => {
    const group: Group = { label: 'culprit', sessions: [a, b, c], most: 2, comesBack: false };
    expect(judgeAnswer(relabelled(incident, { groups: [group] }), end(a, b, c))).toMatchObject({
      culprits: 2,
      innocents: 1,
    });
    // Those that are culprits in any case come first.
    expect(judgeAnswer(relabelled(incident, { groups: [group], culprit: [c] }), end(a, b, c))).toMatchObject({
      culprits: 2,
      innocents: 1,
    });
  });

  it('counts a session that is named twice once, and one that is not there as unknown', () => {
    const labelled = relabelled(incident, { culprit: [a] });
    expect(judgeAnswer(labelled, { end: [a, a, -7], cancel: [a] })).toMatchObject({
      culprits: 1,
      innocents: 0,
      unknown: 1,
    });
  });

  it('cancels only who is at work, and frees a slot only where a culprit gives up', () => {
    const runaway = CORPUS.find(({ labels }) => labels.kind === 'runaway queries' && labels.fewest !== null);
    if (runaway === undefined) throw new Error('no runaway queries');
    const { sessions } = lastSnapshot(runaway);
    const idle = sessions.filter(({ state }) => state === 'idle').map(({ id }) => id);
    expect(judgeAnswer(runaway, { end: [], cancel: idle })).toMatchObject({ innocents: 0, culprits: 0 });
    const stays = runaway.labels.culprit.filter((id) => !runaway.labels.comesBack.includes(id));
    expect(judgeAnswer(runaway, { end: [], cancel: stays })).toMatchObject({ isRelieved: true });
  });

  it('brings no relief by ends that come back', () => {
    const many = lastSnapshot(incident).sessions.map(({ id }) => id);
    const stays = judgeAnswer(relabelled(incident, { culprit: many, comesBack: [] }), end(...many));
    const back = judgeAnswer(relabelled(incident, { culprit: many, comesBack: many }), end(...many));
    expect([stays.isRelieved, back.isRelieved]).toEqual([true, false]);
  });

  it('judges the cause and the page', () => {
    const labelled = relabelled(incident, { causes: ['connection-leak'], page: 'not needed' });
    expect(judgeAnswer(labelled, { ...end(), cause: 'connection-leak', page: true })).toMatchObject({
      isCauseRight: true,
      isPaged: true,
    });
    expect(judgeAnswer(labelled, { ...end(), cause: 'unclear' })).toMatchObject({ isCauseRight: false, isPaged: null });
    expect(judgeAnswer(labelled, end())).toMatchObject({ isCauseRight: null });
  });
});

describe('a tool', () => {
  const some = CORPUS.slice(0, 2);

  it('reads no labels', () => {
    expect(questionOf(ofKind('leak'))).not.toHaveProperty('labels');
    const [first] = askOneByOne(
      node(`process.stdin.on('data', (text) => { if (String(text).includes('culprit')) process.exit(3); })`),
      some,
    );
    expect(first).toEqual({ answer: { end: [], cancel: [] } });
  });

  it('answers with JSON, with ids one a line, or with nothing', () => {
    expect(readAnswer('{"end":[1],"page":true}')).toEqual({ answer: { end: [1], cancel: [], page: true } });
    expect(readAnswer('17\n 18\n')).toEqual({ answer: { end: [17, 18], cancel: [] } });
    expect(readAnswer('')).toEqual({ answer: { end: [], cancel: [] } });
    expect(readAnswer('KILL 17;')).toHaveProperty('trouble');
    expect(readAnswer('{"end":["17"]}')).toHaveProperty('trouble');
  });

  it('has no answer when it fails, or does not exist', () => {
    expect(askOneByOne(node('process.exit(4)'), some)[1]).toHaveProperty('trouble');
    expect(askOneByOne({ program: 'no-such-tool-anywhere', args: [] }, some)[0]).toHaveProperty('trouble');
  });

  it('need not read to the end', () => {
    const [reply] = askOneByOne({ program: 'sh', args: ['-c', 'exec 0<&-; echo 5'] }, some);
    expect(reply).toEqual({ answer: { end: [5], cancel: [] } });
  });

  it('may answer all incidents at once, a line each', () => {
    const replies = askInBatch(node('console.log("[7]".length); console.log("{}")'), CORPUS.slice(0, 3));
    expect(replies[0]).toEqual({ answer: { end: [3], cancel: [] } });
    expect(replies[1]).toEqual({ answer: { end: [], cancel: [] } });
    expect(replies[2]).toHaveProperty('trouble');
  });
});

it('the table shows a dot where nothing was to be judged', () => {
  const [row] = summarise([judgeAnswer(ofKind('none: deploy'), end())]).map(rowOf);
  expect(row).toEqual(['none: deploy', '1', '0', '0', '0', '0', '0', '0', '·', '·', '·', '·', '·']);
});

it('the command scores a tool, and both ways to run it agree', () => {
  const run = (...args: string[]) => {
    const tool = [process.execPath, 'corpus/tools/careful-dba.ts'];
    const command = ['corpus/score.ts', '--json', '--kind', 'lock', ...args, ...tool];
    const { stdout, status } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
    expect(status).toBe(0);
    return JSON.parse(stdout) as { summaries: { kind: string; incidents: number; culprits: number }[] };
  };
  const batch = run('--batch');
  expect(batch.summaries[0]).toMatchObject({ kind: 'lock pile-up', innocents: 0 });
  expect(batch.summaries[0]?.culprits).toBeGreaterThan(10);
  expect(run()).toEqual(batch);
});

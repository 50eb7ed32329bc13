import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { HEAD, rowOf, summarise, type Summary } from './strangers/report.ts';
import { PEERS, runHeadroom, runPeer, type Outcome } from './strangers/run.ts';
import { storyteller } from './strangers/story.ts';
import { printTable } from './table.ts';

/** The seed of the set that shows regressions. */
const FIXED_SEED = 1;
const INCIDENTS = 300;
/** Seeds are small, so that a person can type one. */
const MOST_SEEDS = 100_000;

/** Each incident of a set has a seed of its own. */
function seedOf(set: number, index: number): number {
  return set * 1_000_003 + index;
}

/**
 * Model runs over servers that nobody has tuned anything to. Options: `--incidents N`; `--seed S` (a fresh one without
 * it) or `--fixed` (the set that shows regressions); `--without-history`; `--no-peers`; `--json`; `--show SEED:INDEX`
 * (the story of one incident, nothing else), with `--peer N` in the hands of that peer.
 */
export function benchStrangers(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      incidents: { type: 'string', default: String(INCIDENTS) },
      seed: { type: 'string' },
      fixed: { type: 'boolean', default: false },
      'without-history': { type: 'boolean', default: false },
      peers: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
      show: { type: 'string' },
      peer: { type: 'string' },
    },
  });
  const withHistory = !values['without-history'];
  if (values.show !== undefined) {
    tell(values.show, values.peer, withHistory);
    return;
  }
  const seed = values.seed !== undefined ? Number(values.seed) : values.fixed ? FIXED_SEED : randomInt(MOST_SEEDS);
  const incidents = Number(values.incidents);
  if (!Number.isInteger(seed) || !Number.isInteger(incidents) || incidents < 1)
    throw new Error('--seed and --incidents are whole numbers');

  const startedAt = performance.now();
  const name = `Headroom ${withHistory ? 'with' : 'without'} history`;
  const deciders = [
    { name, run: (own: number) => runHeadroom(own, withHistory) },
    ...(values.peers ? PEERS.map((peer) => ({ name: peer.name, run: (own: number) => runPeer(peer, own) })) : []),
  ];
  const results = deciders.map(({ name: decider, run }) => {
    const outcomes = Array.from({ length: incidents }, (_, index) => run(seedOf(seed, index)));
    return { decider, summaries: summarise(outcomes), stories: storiesOf(outcomes) };
  });
  if (values.json) {
    console.log(JSON.stringify({ seed, incidents, withHistory, results }, null, 2));
    return;
  }
  report(results, { seed, incidents });
  console.log(`${Math.round((performance.now() - startedAt) / 1000)} s\n`);
}

interface Result {
  readonly decider: string;
  readonly summaries: readonly Summary[];
  /** Indices of incidents that are worth a look, by what is wrong with them. */
  readonly stories: Readonly<Record<string, readonly number[]>>;
}

function report(results: readonly Result[], { seed, incidents }: { seed: number; incidents: number }): void {
  const [headroom, ...peers] = results;
  if (headroom === undefined) return;
  printTable(`${headroom.decider}, ${incidents} strangers of seed ${seed}`, HEAD, headroom.summaries.map(rowOf));
  for (const [what, indices] of Object.entries(headroom.stories)) {
    if (indices.length > 0) console.log(`${what}: --show ${indices.map((index) => `${seed}:${index}`).join(' ')}`);
  }
  if (peers.length === 0) return;
  const sums = results.flatMap(({ decider, summaries }) =>
    // Peers name no cause and page nobody.
    summaries
      .slice(-1)
      .map((all) => rowOf({ ...all, kind: decider }).slice(0, decider === headroom.decider ? undefined : -3)),
  );
  printTable('Side by side, over all', HEAD, sums);
}

const MOST_STORIES = 10;
/** Whoever has ended an innocent is looked at. */
const MOST_WITH_INNOCENTS = 40;

function storiesOf(outcomes: readonly Outcome[]): Result['stories'] {
  const all = outcomes.map((outcome, index) => ({ ...outcome, index }));
  const indices = (which: (outcome: Outcome) => boolean) =>
    all
      .filter(which)
      .map(({ index }) => index)
      .slice(0, MOST_STORIES);
  return {
    'most innocents ended': all
      .filter(({ ends }) => ends.innocent > 0)
      .sort((a, b) => b.ends.innocent - a.ends.innocent || a.index - b.index)
      .slice(0, MOST_WITH_INNOCENTS)
      .map(({ index }) => index),
    'culprits suffice, and yet no relief': indices(
      ({ fewest, calmSeconds }) => fewest !== null && calmSeconds === null,
    ),
    'paged in vain': indices(({ page, isPaged }) => page === 'not needed' && isPaged),
    'no page although needed': indices(({ page, isPaged }) => page === 'needed' && !isPaged),
  };
}

function tell(which: string, peer: string | undefined, withHistory: boolean): void {
  const [set = NaN, index = NaN] = which.split(':').map(Number);
  if (!Number.isInteger(set) || !Number.isInteger(index)) throw new Error('--show is SEED:INDEX, as in 1:42');
  const listener = storyteller((line) => {
    console.log(line);
  });
  const chosen = peer === undefined ? undefined : PEERS[Number(peer)];
  if (chosen === undefined) runHeadroom(seedOf(set, index), withHistory, listener);
  else runPeer(chosen, seedOf(set, index), listener);
}

import { Command } from 'commander';
import * as z from 'zod/mini';
import type { Before } from '../../functions/core/usual/find-usual.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { readBefore } from '../../functions/incident/read-before.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import { parseEndOptions } from '../options/call-options.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { readingRecords } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { DEFAULT_RECORDS } from '../options/where.ts';
import { workerFor, type OpenWorker } from '../runs/own-worker.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { print, say } from '../terminal/output.ts';
import { keepLooking, lookFrom, replay } from '../top/looks.ts';
import { showOnTerminal, type KeyAction } from '../top/on-terminal.ts';
import type { ConsumerRow, Picture } from '../top/picture.ts';
import { beginRecording, readRecording, type Recording } from '../top/recording.ts';
import { proposedLimit } from '../top/proposed-limit.ts';
import { screenOf } from '../top/screen.ts';
import { askLine, isTerminal } from '../top/terminal.ts';
import { endManually } from './end.ts';
import { parseSetLimit, refuseWithoutLifter, setLimitManually } from './limits-set.ts';
import { listLimits } from './limits.ts';
import { showPlan } from './plan.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  records: z.optional(z.string()),
  every: z.optional(z.string()),
  record: z.optional(z.string()),
  replay: z.optional(z.string()),
});
type TopOptions = z.infer<typeof options>;

/** On AWS a look is a call of the one worker that incidents have too. */
const SECONDS = { local: { usual: 2, least: 1 }, aws: { usual: 10, least: 10 } } as const;
const MOST_SECONDS = 60;

/** `headroom top`: who holds the slots, second by second. Ends nothing unless a person calls for it. */
export function topCommand(): Command {
  return new Command('top')
    .description('show who holds the slots and who waits for whom, as it changes; without a terminal, once')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option(
      '--every <seconds>',
      `time between looks, 1 to ${MOST_SECONDS} (default: ${SECONDS.local.usual}; on AWS ${SECONDS.aws.usual}, and no less)`,
    )
    .option('--records <folder>', `local records, which say what is usual (default: ${DEFAULT_RECORDS})`)
    .option('--record <file>', 'also write each picture to a new file, one line of JSON each')
    .option('--replay <file>', 'show what --record has written, and look at no server')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      await (given.replay === undefined
        ? topOf(given, await findServer(given, process.env))
        : showAgain(given.replay, given));
    });
}

async function topOf(given: TopOptions, found: FoundServer): Promise<void> {
  const everyMs = secondsOf(given, found) * 1_000;
  const recording = given.record === undefined ? null : beginRecording(given.record);
  const { config, target } = found;
  const before = await readUsual(given, found);
  const worker = await workerFor(config, target, process.env);
  const look = lookFrom({ settings: found.settings, worker, before });
  try {
    if (isTerminal()) {
      // Commands use the session that is open: a full server may have no other.
      const shared: OpenWorker = () => Promise.resolve({ ...worker, close: () => undefined });
      await showOnTerminal({
        run: (show, signal) => keepLooking(look, { everyMs, signal, show: recorded(show, recording) }),
        actions: actionsOf(given, found, shared),
        footer: 'up/down choose  p plan  e end sessions  l limit  space hold  q quit',
      });
    } else {
      await recorded(printOnce, recording)(await look());
    }
  } finally {
    worker.close();
    recording?.close();
  }
}

function secondsOf({ every }: TopOptions, { target }: FoundServer): number {
  const { usual, least } = SECONDS[placeOf(target)];
  if (every === undefined) return usual;
  const seconds = /^\d{1,2}$/.test(every) ? Number(every) : NaN;
  if (seconds >= least && seconds <= MOST_SECONDS) return seconds;
  throw new UsageError(`--every ${every}: use a whole number from ${least} to ${MOST_SECONDS} for ${target.id}`);
}

/** Without it a picture is still worth having. */
async function readUsual({ config, records }: TopOptions, { settings }: FoundServer): Promise<Before> {
  const nothing = (): Before => ({ profile: [], samples: [] });
  try {
    return await readingRecords(
      { config, records, aws: false, target: settings.id },
      ({ store }) => readBefore(settings.id, { store, now: Date.now }),
      nothing,
    );
  } catch (error) {
    say(`what is usual cannot be read: ${errorWords(error)}`);
    return nothing();
  }
}

function recorded(show: (one: Picture) => Promise<void>, recording: Recording | null) {
  return async (one: Picture): Promise<void> => {
    recording?.add(one);
    await show(one);
  };
}

async function showAgain(file: string, { record, every }: TopOptions): Promise<void> {
  if (record !== undefined || every !== undefined)
    throw new UsageError('--replay shows what was recorded: leave --record and --every out');
  const pictures = readRecording(file);
  if (!isTerminal()) {
    for (const one of pictures.slice(-1)) await printOnce(one);
    return;
  }
  await showOnTerminal({
    // The last picture stays.
    run: (show, signal) => replay(pictures, { signal, show }).then(() => new Promise(() => undefined)),
    actions: {},
    footer: 'up/down choose  space hold  q quit  (a recording: keys change nothing)',
  });
}

const USUAL_COLUMNS = 80;

/** The exit status says whether there was anything to see. */
function printOnce(one: Picture): Promise<void> {
  const columns = process.stdout.columns || Number(process.env['COLUMNS']) || USUAL_COLUMNS;
  for (const { text } of screenOf(one, { columns, rows: null, chosen: null, footer: [] })) print(text.trimEnd());
  if (one.result === 'unseen') process.exitCode = EXIT.failed;
  return Promise.resolve();
}

/** The commands of the same names, with their questions and guards, by the session that is open. */
function actionsOf(
  given: TopOptions,
  found: FoundServer,
  shared: OpenWorker,
): Readonly<Record<'p' | 'e' | 'l', KeyAction>> {
  const { config, records } = given;
  const about = { config, target: found.settings.id, records };
  return {
    p: () => showPlan({ ...about, verbose: false, json: false }, found, shared),
    l: async (chosen, rows) => {
      await listLimits({ ...about, aws: false, json: false });
      await refuseWithoutLifter(about, found);
      const asked = await askLimit(chosen, rows, found.settings.policy.consumerCap.leastSessions);
      if (asked !== null) await setLimitManually(parseSetLimit({ ...about, ...asked }), found, shared);
    },
    e: async (chosen) => {
      const whose = await askWhose(chosen);
      if (whose !== null) await endManually(parseEndOptions({ ...about, ...whose }), found, shared);
    },
  };
}

/** The options of `headroom limits set`; null when nobody is to be limited. */
async function askLimit(
  chosen: ConsumerRow | null,
  rows: readonly ConsumerRow[],
  least: number,
): Promise<Readonly<Record<string, string>> | null> {
  say('Whose connections are to be limited? Leave the user empty to limit nobody; the next step shows it, and asks.');
  const user = await askLine('user: ', chosen?.user ?? '');
  if (user === null || user === '') return null;
  const { limit, from } = proposedLimit(user, rows, least);
  const connections = await askLine(`connections (${limit} is ${from}): `, String(limit));
  const time = connections === null ? null : await askLine('for: ', '30m');
  const why = time === null ? null : await askLine('why, for the record: ');
  if (connections === null || time === null || why === null) return null;
  return { user, limit: connections, for: time, why };
}

/** The options of `headroom end` that name whose sessions, and why; null when nothing is to be done. */
async function askWhose(chosen: ConsumerRow | null): Promise<Readonly<Record<string, string>> | null> {
  say('Whose idle sessions are to end? Leave a line empty to match any; the next step shows which, and asks.');
  const answers: Record<string, string> = {};
  for (const [option, question, proposed] of [
    ['user', 'user: ', chosen?.user],
    ['application', 'application: ', chosen?.application],
    ['why', 'why, for the record: ', null],
  ] as const) {
    const answer = await askLine(question, proposed ?? '');
    if (answer === null) return null;
    if (answer !== '') answers[option] = answer;
  }
  return answers;
}

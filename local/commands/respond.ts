import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Command } from 'commander';
import * as z from 'zod/mini';
import { makeAlarmEvent } from '../../functions/core/alarm-event.ts';
import { toTargetSettings, warningsOf } from '../../lib/config.ts';
import { interrupt, raiseAlarm } from '../alarm-run.ts';
import { createNarrator } from '../narrator.ts';
import type { Notification } from '../progress.ts';
import { readResult, type RespondResult } from '../result.ts';
import { startRuntime, type LocalRuntime } from '../runtime.ts';
import { findLocalTarget, type ConfiguredTarget } from './configured-target.ts';
import { EXIT, exitStatusOf } from './exit-status.ts';
import { paint, print, printJson, say } from './output.ts';
import { printLine } from './progress-lines.ts';
import { UsageError } from './usage-error.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  event: z.optional(z.string()),
  records: z.string(),
  json: z._default(z.boolean(), false),
});

/** `headroom respond`: the workflow on this machine, against a server that is there already. */
export function respondCommand(): Command {
  return new Command('respond')
    .description('run the workflow on this machine against an existing server')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--event <file>', 'alarm event (JSON); without it one is made')
    .option('--records <folder>', 'where incidents are kept', '.headroom')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const found = findLocalTarget(given.config, given.target, process.env);
      const event = given.event === undefined ? null : readEvent(given.event);
      for (const warning of warningsOf(found.config, 'local')) say(`${paint('yellow', 'warning:')} ${warning}`);
      process.exitCode = await respond(found, event, given.records, given.json);
    });
}

/** Made when it is sent: the clock of the incident starts here. */
function eventFor({ config, target }: ConfiguredTarget): unknown {
  return makeAlarmEvent({
    settings: toTargetSettings(config, target),
    at: Date.now(),
    reason: 'headroom respond was started by hand',
  });
}

function readEvent(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--event ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function respond(
  { config, target }: ConfiguredTarget,
  givenEvent: unknown,
  recordsFolder: string,
  json: boolean,
): Promise<number> {
  const startedAt = Date.now();
  const notifications: Notification[] = [];
  const narrator = createNarrator(
    async () => (await starting).store,
    (line) => printLine(line, startedAt),
  );
  const starting = startRuntime({
    config,
    environment: process.env,
    recordsFolder,
    notify: config.notify,
    onProgress(progress) {
      if (progress.kind === 'notification') notifications.push(progress);
      narrator.hear(progress);
    },
  });
  const runtime = await starting;
  try {
    const answer = await raiseAlarm(runtime, target.id, givenEvent ?? eventFor({ config, target }));
    if ('reason' in answer) {
      say(`the event opened no incident (${answer.result}): ${answer.reason}`);
      if (json) printJson(answer);
      return answer.result === 'refused' ? EXIT.failed : EXIT.ok;
    }
    say(`incident ${answer.incidentId} (${answer.result})`);
    await untilEnded(runtime, answer.incidentId, config.installation.prefix);
    await narrator.caughtUp();
    const result = await readResult(runtime.store, answer.incidentId, notifications);
    if (json) printJson(result);
    else printStory(result);
    return exitStatusOf(result.outcome);
  } finally {
    await runtime.stop();
  }
}

/** One Ctrl-C can arrive twice: from the terminal, and passed on by the launcher. */
const SAME_KEYPRESS_MS = 1_000;

/** Settles when the workflow has ended: by itself, or stopped by Ctrl-C and its incident closed. */
async function untilEnded(runtime: LocalRuntime, incidentId: string, prefix: string): Promise<void> {
  const ended = runtime.executionEnded(incidentId);
  let onSignal = (): void => undefined;
  const interrupted = new Promise<void>((resolve, reject) => {
    let first: number | null = null;
    onSignal = () => {
      if (first === null) {
        first = Date.now();
        say('interrupted: the incident is being closed (once more to leave it as it is)');
        interrupt(runtime, { incidentId, prefix, by: userInfo().username }).then(resolve, reject);
      } else if (Date.now() - first > SAME_KEYPRESS_MS) {
        process.exit(EXIT.failed);
      }
    };
  });
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    // A workflow that was stopped has ended too; then the closing is what counts.
    await Promise.race([ended.then(({ status }) => (status === 'ABORTED' ? interrupted : undefined)), interrupted]);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function printStory(result: RespondResult): void {
  const last = result.notifications.at(-1);
  print(
    last === undefined
      ? `incident ${result.incidentId}: ${result.outcome ?? 'not closed'}`
      : `${last.subject}\n\n${last.body.trimEnd()}`,
  );
}

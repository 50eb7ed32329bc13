import { Command } from 'commander';
import * as z from 'zod/mini';
import { underPauses, type Pause } from '../../functions/core/policy/pause.ts';
import { historyOf, NO_PAST, type Past } from '../../functions/core/record/history.ts';
import { slotsTaken } from '../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../../functions/core/verdict/diagnosis.ts';
import { readPast } from '../../functions/incident/read-past.ts';
import { findServer, type FoundServer } from '../options/found-server.ts';
import { readingRecords } from '../options/record-options.ts';
import { DEFAULT_RECORDS, type WhereOptions } from '../options/where.ts';
import { planInWords, planJson } from '../plans/plan-output.ts';
import { askForSnapshot, workerFor, type OpenWorker } from '../runs/own-worker.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { print, printJson, say } from '../terminal/output.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  records: z.optional(z.string()),
  verbose: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom plan`: what an incident would find and do right now. Opens no incident and ends nothing. */
export function planCommand(): Command {
  return new Command('plan')
    .description('diagnose, and print what would be done and why; ends nothing')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option(
      '--records <folder>',
      `local records, whose pauses, and what was ended in the last hour, count (default: ${DEFAULT_RECORDS})`,
    )
    .option('--verbose', 'every session, and how the least harm was chosen')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      await showPlan(given, await findServer(given, process.env), workerFor);
    });
}

/** Prints it, or why nobody gets in, which the exit status says too. */
export async function showPlan(given: z.infer<typeof options>, found: FoundServer, open: OpenWorker): Promise<void> {
  const { settings } = found;
  const answer = await askForSnapshot(found, process.env, open);
  if (!answer.ok) {
    say(`could not get in (${answer.refusal.kind}): ${answer.refusal.message}`);
    if (given.json) printJson({ target: settings.id, refusal: answer.refusal });
    process.exitCode = EXIT.failed;
    return;
  }
  const { past, pauses } = await readRecords({ ...given, aws: false, target: settings.id }, settings.id);
  const history = historyOf({ ...past, usedNow: slotsTaken(answer.snapshot) });
  const diagnosis = diagnoseSnapshot(answer.snapshot, underPauses(settings, pauses), history);
  if (given.json) {
    printJson({ ...planJson(settings.id, answer.snapshot, diagnosis), pauses });
    return;
  }
  print(planInWords({ snapshot: answer.snapshot, diagnosis, settings, pauses }, given.verbose));
}

interface OnRecord {
  readonly past: Past;
  readonly pauses: readonly Pause[];
}

/** A folder that does not exist has no records. */
function readRecords(given: WhereOptions, targetId: string): Promise<OnRecord> {
  return readingRecords(
    given,
    async ({ store }): Promise<OnRecord> => ({
      past: await readPast(targetId, null, { store, now: Date.now }),
      pauses: await store.pauses.on(targetId),
    }),
    () => ({ past: NO_PAST, pauses: [] }),
  );
}

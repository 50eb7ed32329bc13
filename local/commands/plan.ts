import { Command } from 'commander';
import * as z from 'zod/mini';
import { describeCause } from '../../functions/core/cause/find-cause.ts';
import { legendOf } from '../../functions/core/messages/form/legend.ts';
import { describeChoice } from '../../functions/core/plan/choice.ts';
import { describePause, scopeInWords, underPauses, type Pause } from '../../functions/core/policy/pause.ts';
import { SPARED } from '../../functions/core/policy/spared.ts';
import { historyOf, NO_PAST, type Past } from '../../functions/core/record/history.ts';
import { describeAhead } from '../../functions/core/server/locks.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { describeMissing } from '../../functions/core/server/readiness.ts';
import { slotsTaken, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot, type Diagnosis } from '../../functions/core/verdict/diagnosis.ts';
import { count } from '../../functions/core/words/count.ts';
import { withCommands, type CommandSubject } from '../../functions/core/words/commands.ts';
import { inWords } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { readPast } from '../../functions/incident/read-past.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import { findAnyTarget } from '../options/configured-target.ts';
import { readingRecords } from '../options/record-options.ts';
import { DEFAULT_RECORDS, type WhereOptions } from '../options/where.ts';
import { askForSnapshot } from '../runs/own-worker.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { print, printJson, say } from '../terminal/output.ts';
import { sessionJson } from '../terminal/session-output.ts';
import { tableOf } from '../terminal/table.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  records: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom plan`: what an incident would find and do right now. Opens no incident and ends nothing. */
export function planCommand(): Command {
  return new Command('plan')
    .description('diagnose and print the plan with the reason for every session; ends nothing')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option(
      '--records <folder>',
      `local records, whose pauses, and what was ended in the last hour, count (default: ${DEFAULT_RECORDS})`,
    )
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const { config, target } = findAnyTarget(given, process.env);
      const settings = toTargetSettings(config, target);
      const answer = await askForSnapshot(config, target, process.env);
      if (!answer.ok) {
        say(`could not get in (${answer.refusal.kind}): ${answer.refusal.message}`);
        if (given.json) printJson({ target: target.id, refusal: answer.refusal });
        process.exitCode = EXIT.failed;
        return;
      }
      const { past, pauses } = await readRecords({ ...given, aws: false, target: target.id }, target.id);
      const history = historyOf({ ...past, usedNow: slotsTaken(answer.snapshot) });
      const diagnosis = diagnoseSnapshot(answer.snapshot, underPauses(settings, pauses), history);
      if (given.json) {
        printJson({ ...toJson(target.id, answer.snapshot, diagnosis), pauses });
        return;
      }
      for (const pause of pauses) print(`paused   ${scopeInWords(pause)}: ${describePause(pause)}`);
      printPlan(answer.snapshot, diagnosis, settings);
    });
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

function toJson(target: string, snapshot: Snapshot, { usage, pressing, cause, plan }: Diagnosis) {
  return {
    target,
    at: new Date(snapshot.at).toISOString(),
    server: snapshot.server,
    limits: snapshot.limits,
    used: slotsTaken(snapshot),
    usage,
    canary: snapshot.canary,
    visibility: snapshot.visibility,
    missing: snapshot.missing ?? [],
    pressing,
    cause,
    need: plan.need,
    choice: plan.choice,
    userLimits: snapshot.userLimits,
    tiers: plan.tiers.map(({ tier, mode, limit, refusal, victims }) => ({
      tier,
      mode,
      limit,
      // Its name in the first version.
      cap: limit,
      refusal,
      victims: victims.map(({ session, method, reason, harm }) => ({ ...sessionJson(session), method, reason, harm })),
    })),
    spared: plan.spared.map(({ session, reason }) => ({ ...sessionJson(session), reason, words: SPARED[reason] })),
  };
}

function printPlan(snapshot: Snapshot, { usage, cause, plan }: Diagnosis, subject: CommandSubject): void {
  print(`usage    ${percent(usage)}: ${slotsTaken(snapshot)} of ${snapshot.limits.usable} usable slots`);
  print(
    `clients  ${snapshot.canary.result === 'refused' ? `refused (${snapshot.canary.refusal.kind})` : snapshot.canary.result}`,
  );
  print(`cause    ${describeCause(cause)}`);
  for (const evidence of cause.evidence) print(`         ${evidence}`);
  for (const detail of snapshot.missing ?? []) print(`not seen ${describeMissing(detail)}`);
  print(`need     ${plan.need === 0 ? 'nothing: usage is at or under the relief level' : count(plan.need, 'slot')}`);
  for (const line of describeChoice(plan.choice)) print(`choice   ${line}`);
  for (const { tier, mode, limit, refusal } of plan.tiers) {
    if (limit) {
      print(
        `limit    ${tier}${mode === 'observe' ? ' (observe)' : ''}: ${printable(limit.user)} to ${limit.limit} connections`,
      );
      print(`         ${limit.reason}`);
      for (const { consumer, sessions } of limit.concerns)
        print(`         concerns ${printable(consumer)} (${sessions})`);
    }
    if (refusal) for (const line of [refusal.why, ...refusal.fix]) print(`no limit ${withCommands(line, subject)}`);
  }
  const table = tableOf(COLUMNS, sessionRows(plan));
  print(table);
  for (const line of legendOf(['usable slots', ...cause.evidence, table].join('\n'))) print(line);
}

const COLUMNS = ['session', 'user', 'application', 'state', 'for', 'waits for', 'what', 'why'];

function sessionRows({ tiers, spared }: Diagnosis['plan']): string[][] {
  const ended = tiers.flatMap(({ tier, mode, victims }) =>
    victims.map(({ session, method, reason }) => [
      ...sessionCells(session),
      `${tier}${mode === 'observe' ? ' (observe)' : ''}: ${method}`,
      reason,
    ]),
  );
  return [...ended, ...spared.map(({ session, reason }) => [...sessionCells(session), 'spared', SPARED[reason]])];
}

function sessionCells(session: Session): string[] {
  const { identity, user, application, state, stateMs } = session;
  return [
    String(identity.id),
    printable(user ?? '?'),
    printable(application),
    state,
    inWords(stateMs),
    describeAhead(session),
  ];
}

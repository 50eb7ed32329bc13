import { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import { liftByPerson, refuseWhileOpen } from '../../functions/call/lift-limit.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { LiftVerdict } from '../../functions/core/record/limit-lift.ts';
import type { LimitRecord } from '../../functions/core/record/limit.ts';
import { limitStatement } from '../../functions/core/server/limit-statement.ts';
import { named, printable } from '../../functions/core/words/printable.ts';
import { findServer } from '../options/found-server.ts';
import { readingRecords, recordOptions, withRecordOptions } from '../options/record-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { workerFor } from '../runs/own-worker.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { print, printJson } from '../terminal/output.ts';

/** Of a name that is printed: as long as servers take them. */
export const LONGEST_USER = 63;

const options = z.object({
  ...recordOptions,
  target: z.string(),
  user: z.string(),
  why: z._default(z.string().check(z.trim()), 'not needed any more'),
  by: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom limits lift`: puts back what was before a temporary limit, before its time is over. */
export function limitsLiftCommand(): Command {
  return withRecordOptions(new Command('lift').description('lift one now: the server gets back what was before'))
    .requiredOption('--target <id>', 'of this target')
    .requiredOption('--user <name>', 'whose limit')
    .option('--why <words>', 'the reason, for readers of the incident')
    .option('--by <name>', 'who lifts it (default: you)')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const { config, target, settings } = await findServer(
        { ...given, config: given.config ?? 'headroom.yaml' },
        process.env,
      );
      await readingRecords({ ...given, target: target.id }, async ({ store }) => {
        const limit = findLimit(await store.limits.of(settings.id), given);
        await refuseWhileOpen(limit, { store });
        const worker = await workerFor(config, target, process.env);
        try {
          const who = { by: given.by ?? userInfo().username, why: given.why };
          const verdict = await liftByPerson(settings, limit, who, { store, worker, now: Date.now });
          if (given.json) printJson({ target: settings.id, limit, ...verdict });
          else print(verdictInWords(verdict, limit, settings.engine));
          process.exitCode = verdict.kind === 'settled' ? EXIT.ok : EXIT.failed;
        } finally {
          worker.close();
        }
      });
    });
}

/** A hostile name cannot be typed: its printed form will do, where that is unambiguous. Throws UsageError. */
export function findLimit(
  limits: Awaited<ReturnType<IncidentStore['limits']['of']>>,
  { target, user }: { readonly target: string; readonly user: string },
): LimitRecord {
  const [limit, other] = limits.filter((each) => each.user === user || printable(each.user, LONGEST_USER) === user);
  if (limit !== undefined && other === undefined) return limit;
  const which = limits.map((each) => printable(each.user, LONGEST_USER)).join(', ');
  throw new UsageError(
    `--user ${user}: ${limit === undefined ? 'no limit on record' : 'more than one'} of ${target}; it has ${which || 'none'}`,
  );
}

function verdictInWords(
  verdict: LiftVerdict,
  { user, account, before }: LimitRecord,
  engine: Parameters<typeof limitStatement>[0],
): string {
  const whose = `the limit on ${named(user, LONGEST_USER)}`;
  switch (verdict.kind) {
    case 'settled':
      return `${whose}: ${SETTLED[verdict.end]} (before it: ${before ?? 'no limit'})`;
    case 'waiting':
      return `${whose} is not on the server, but the order to set it may still arrive: try again in half a minute`;
    case 'stuck': {
      const byHand = printable(limitStatement(engine, account, before), 1_000);
      return `${whose} was not lifted: ${printable(verdict.why, 300)}; an administrator lifts it by: ${byHand}`;
    }
  }
}

const SETTLED = {
  lifted: 'lifted, as read back from the server',
  'never-set': 'the server never had it',
  'changed-by-hand': 'somebody has set another one since, which stays',
  'user-gone': 'the user no longer exists',
  dropped: 'taken off the record',
} as const satisfies Record<Extract<LiftVerdict, { kind: 'settled' }>['end'], string>;

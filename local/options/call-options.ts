import type { Command } from 'commander';
import { userInfo } from 'node:os';
import * as z from 'zod/mini';
import type { PersonsCall } from '../../functions/core/plan/call.ts';
import { clientPattern, pattern } from '../../functions/core/policy/policy.ts';
import { UsageError } from './usage-error.ts';
import { DEFAULT_RECORDS } from './where.ts';

const flag = () => z._default(z.boolean(), false);
const isSomebody = z.refine<string>((text) => text !== '*', 'matches every session; name a user or an application');

/** The options of every command by which a person acts on a server, beside what it acts on. */
export const callOptions = {
  config: z._default(z.string(), 'headroom.yaml'),
  target: z.optional(z.string()),
  why: z.optional(z.string().check(z.trim())),
  by: z.optional(z.string()),
  yes: flag(),
  dryRun: flag(),
  records: z.optional(z.string()),
  aws: flag(),
  json: flag(),
};

const endOptions = z.object({
  ...callOptions,
  user: z.optional(pattern().check(isSomebody)),
  application: z.optional(pattern().check(isSomebody)),
  database: z.optional(pattern()),
  client: z.optional(clientPattern()),
  active: flag(),
  costly: flag(),
  cap: z._default(z.boolean(), true),
  verbose: flag(),
});
export type EndOptions = z.infer<typeof endOptions>;

export function withEndOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--user <name>', 'whose sessions: exact, or a prefix that ends in *; case does not matter')
    .option('--application <name>', 'of which application, likewise')
    .option('--database <name>', 'on which database, likewise')
    .option('--client <address>', 'from which address: exact, prefix* or a network such as 10.1.0.0/16')
    .option('--active', 'also end sessions that run a query')
    .option('--costly', 'also end maintenance statements and large rollbacks')
    .option('--no-cap', 'ignore the budgets of the policy (caps)')
    .option('--why <words>', 'for the record')
    .option('--by <name>', 'who decides it (default: you)')
    .option('--dry-run', 'show whose sessions it would end and why, and end none')
    .option('--yes', 'do not ask')
    .option('--verbose', 'list every session, in place of groups')
    .option('--records <folder>', `where incidents of this machine are kept (default: ${DEFAULT_RECORDS})`)
    .option('--aws', 'only for a target of an installation on AWS; the configuration says which are')
    .option('--json', 'one JSON document on standard output');
}

/** Throws UsageError with every problem. */
export function parseEndOptions(raw: unknown): EndOptions {
  return parseCall(endOptions, raw, ({ user, application }) =>
    user === undefined && application === undefined ? ['say whose sessions with --user or --application'] : [],
  );
}

type Given = Readonly<Record<string, unknown>>;

/** Reads the options of a person's call. Throws UsageError with every problem, those that `check` finds among them. */
export function parseCall<S extends z.ZodMiniType>(
  schema: S,
  raw: unknown,
  check: (given: Given) => readonly string[],
): z.infer<S> {
  const given = z.record(z.string(), z.unknown()).parse(raw);
  const parsed = z.safeParse(schema, given);
  const problems = [
    ...(parsed.error?.issues ?? []).map(
      ({ path, message }) => `--${path.join('.')} ${JSON.stringify(given[path.join('.')])}: ${message}`,
    ),
    ...check(given),
    ...(given['dryRun'] !== true && (given['why'] ?? '') === ''
      ? ['--why is missing: give the reason, for the record']
      : []),
  ];
  if (!parsed.success || problems.length > 0) throw new UsageError(problems.join('\n'));
  return parsed.data;
}

/** The name that a person is asked to type. */
export function nameToType({ user, application }: EndOptions): string {
  return user ?? application ?? '';
}

export function callOf(given: EndOptions): PersonsCall {
  const { user = null, application = null, database = null, client = null, active, costly } = given;
  return {
    ...{ user, application, database, client, active, costly },
    capped: given.cap,
    by: given.by ?? userInfo().username,
    why: given.why ?? '',
  };
}

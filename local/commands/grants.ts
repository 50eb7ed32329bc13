import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { capGrants } from '../../functions/engines/postgres/cap-grants.ts';
import { loginGrants, renderGrants } from '../../functions/engines/postgres/grants.ts';
import { print, printJson } from './output.ts';
import { UsageError } from './usage-error.ts';

const options = z.object({
  engine: z.string(),
  version: z.string(),
  rds: z._default(z.boolean(), false),
  auth: z.optional(z.enum(['iam', 'password'])),
  responder: z.string(),
  canary: z.string(),
  database: z.string(),
  capUsers: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom grants`: the statements that create Headroom's two logins, to be run by an administrator. */
export function grantsCommand(): Command {
  return new Command('grants')
    .description('print the statements that create the two logins, responder and canary')
    .addOption(
      new Option('--engine <engine>', 'kind of server').choices(['postgres', 'mysql', 'mariadb']).default('postgres'),
    )
    .option('--version <major>', 'major version of the server', '18')
    .option('--rds', 'the server is Amazon RDS or Aurora')
    .addOption(
      new Option('--auth <mode>', 'how the logins authenticate (default: iam with --rds, else password)').choices([
        'iam',
        'password',
      ]),
    )
    .option('--responder <name>', 'login that may see and end sessions', 'headroom_responder')
    .option('--canary <name>', 'login that may only connect', 'headroom_canary')
    .option('--database <name>', 'database both log in to', 'postgres')
    .option('--cap-users <names>', 'users, comma-separated, whose connections cap-consumer may limit for a while')
    .option('--json', 'one JSON document on standard output')
    .action((raw: unknown) => {
      const given = options.parse(raw);
      if (given.engine !== 'postgres') throw new UsageError(`--engine ${given.engine} is not built yet; use postgres`);
      const auth = given.auth ?? (given.rds ? 'iam' : 'password');
      if (auth === 'iam' && !given.rds) throw new UsageError('--auth iam exists on RDS and Aurora only; add --rds');
      const { responder, canary, database } = given;
      const users = given.capUsers?.split(',').filter((name) => name !== '') ?? [];
      const grants = [
        ...loginGrants({ major: parseMajor(given.version), isRds: given.rds, auth, responder, canary, database }),
        ...(users.length === 0 ? [] : capGrants({ responder, database, users })),
      ];
      if (given.json) printJson({ engine: given.engine, grants });
      else print(renderGrants(grants).trimEnd());
    });
}

function parseMajor(version: string): number {
  const major = Number(/^(\d{1,2})(\.\d+)?$/.exec(version)?.[1]);
  if (!Number.isInteger(major) || major < 9) {
    throw new UsageError(`--version ${version} is no PostgreSQL version; use a major version such as 16`);
  }
  return major;
}

import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { ENGINE_NAMES, type EngineName } from '../../functions/core/server/snapshot.ts';
import * as mysql from '../../functions/engines/mysql/grants/script.ts';
import * as postgres from '../../functions/engines/postgres/grants/script.ts';
import { renderGrants, type Grant } from '../../functions/engines/shared/grants.ts';
import { DEFAULT_CONFIG } from '../../lib/config/config.ts';
import type { Target } from '../../lib/config/schema.ts';
import { findTarget } from '../options/configured-target.ts';
import { UsageError } from '../options/usage-error.ts';
import { printJson, printScript } from '../terminal/output.ts';

const options = z.object({
  target: z.optional(z.string()),
  config: z.optional(z.string()),
  engine: z.optional(z.enum(ENGINE_NAMES)),
  version: z.optional(z.string()),
  rds: z._default(z.boolean(), false),
  auth: z.optional(z.enum(['iam', 'password'])),
  responder: z.optional(z.string()),
  canary: z.optional(z.string()),
  database: z.optional(z.string()),
  from: z.optional(z.string()),
  capUsers: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});
/** With what the target says in the place of what was not given. */
type Given = z.infer<typeof options> &
  Readonly<Record<'responder' | 'canary', string>> & { readonly engine: EngineName };

/** `headroom grants`: the statements that create Headroom's two logins, to be run by an administrator. */
export function grantsCommand(): Command {
  return new Command('grants')
    .description('print the statements that create the two logins, responder and canary')
    .option('--target <id>', 'for this target of the configuration: its engine, names and way to log in')
    .option('--config <file>', `configuration with the target (default: ${DEFAULT_CONFIG})`)
    .addOption(new Option('--engine <engine>', 'kind of server (default: postgres)').choices(ENGINE_NAMES))
    .option('--version <version>', 'version of the server (default: 18 for postgres, 8.4 for mysql, 10.11 for mariadb)')
    .option('--rds', 'the server is Amazon RDS or Aurora')
    .addOption(
      new Option('--auth <mode>', 'how the logins authenticate (default: iam with --rds, else password)').choices([
        'iam',
        'password',
      ]),
    )
    .option('--responder <name>', 'login that may see and end sessions (default: headroom_responder)')
    .option('--canary <name>', 'login that may only connect (default: headroom_canary)')
    .option('--database <name>', 'postgres: database both log in to (default: postgres)')
    .option('--from <host>', 'mysql, mariadb: where both may log in from, such as 10.% (default: %)')
    .option('--cap-users <names>', 'users, comma-separated, whose connections cap-consumer may limit for a while')
    .option('--json', 'one JSON document on standard output')
    .action((raw: unknown) => {
      const given = withTarget(options.parse(raw));
      const auth = given.auth ?? (given.rds ? 'iam' : 'password');
      if (auth === 'iam' && !given.rds) throw new UsageError('--auth iam exists on RDS and Aurora only; add --rds');
      const grants = WRITERS[given.engine](given, auth);
      if (given.json) printJson({ engine: given.engine, grants: grants.map(({ sql, why }) => ({ sql, why })) });
      else printScript(renderGrants(grants).trimEnd());
    });
}

const DEFAULTS = {
  engine: 'postgres',
  responder: 'headroom_responder',
  canary: 'headroom_canary',
  rds: false,
  json: false,
} as const;

/** What was given goes before what the target says. */
function withTarget(given: z.infer<typeof options>): Given {
  const isNamed = given.target !== undefined || given.config !== undefined;
  return {
    ...DEFAULTS,
    ...(isNamed ? loginsOf(findTarget({ config: DEFAULT_CONFIG, ...defined(given) }).target) : {}),
    ...defined(given),
  };
}

function loginsOf({ engine, auth, endpoint }: Target) {
  return {
    engine,
    rds: auth.mode !== 'url',
    auth: auth.mode === 'iam' ? ('iam' as const) : ('password' as const),
    ...(auth.mode === 'iam' ? { responder: auth.user, canary: auth.canaryUser } : {}),
    ...(engine === 'postgres' && endpoint?.database !== undefined ? { database: endpoint.database } : {}),
  };
}

/** An option that was not given takes nothing from the target. */
function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== false)) as T;
}

type Writer = (given: Given, auth: 'iam' | 'password') => readonly Grant[];

const WRITERS: Readonly<Record<EngineName, Writer>> = {
  postgres: writePostgres,
  mysql: (given, auth) => writeMysql('mysql', given, auth),
  mariadb: (given, auth) => writeMysql('mariadb', given, auth),
};

function writePostgres(given: Given, auth: 'iam' | 'password'): readonly Grant[] {
  if (given.from !== undefined)
    throw new UsageError('--from is for mysql and mariadb; PostgreSQL has pg_hba.conf for it');
  const { responder, canary, database = 'postgres' } = given;
  return postgres.grantScript({
    major: parseVersion(given.version ?? '18', 'PostgreSQL', [9, 0], 'a major version such as 16').major,
    isRds: given.rds,
    auth,
    responder,
    canary,
    database,
    limitableUsers: limitableUsersOf(given),
  });
}

function limitableUsersOf({ capUsers = '' }: Given): readonly string[] {
  return capUsers.split(',').filter((name) => name !== '');
}

/** The statements are the same on every version that is supported. */
function writeMysql(engine: 'mysql' | 'mariadb', given: Given, auth: 'iam' | 'password'): readonly Grant[] {
  if (given.database !== undefined) {
    throw new UsageError(`--database is for postgres; on ${engine} both log in to the server, not to a database`);
  }
  if (engine === 'mysql') parseVersion(given.version ?? '8.4', 'supported MySQL', [8, 0], '8.0 or later');
  else parseVersion(given.version ?? '10.11', 'supported MariaDB', [10, 6], '10.6 or later');
  const { responder, canary, from = '%' } = given;
  const limitableUsers = limitableUsersOf(given);
  return mysql.grantScript({ engine, isRds: given.rds, auth, responder, canary, from, limitableUsers });
}

function parseVersion(version: string, name: string, oldest: readonly [number, number], fix: string) {
  const [, major, minor] = /^(\d{1,2})(?:\.(\d+))?(?:\.\d+)*$/.exec(version) ?? [];
  const isKnown = major !== undefined && isAtLeast([Number(major), Number(minor ?? 99)], oldest);
  if (!isKnown) throw new UsageError(`--version ${version} is no ${name} version; use ${fix}`);
  return { major: Number(major) };
}

function isAtLeast(version: readonly [number, number], oldest: readonly [number, number]): boolean {
  return version[0] > oldest[0] || (version[0] === oldest[0] && version[1] >= oldest[1]);
}

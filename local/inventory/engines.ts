import type { DBInstance } from '@aws-sdk/client-rds';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

const ENGINES: Readonly<Record<string, EngineName>> = {
  postgres: 'postgres',
  'aurora-postgresql': 'postgres',
  mysql: 'mysql',
  'aurora-mysql': 'mysql',
  mariadb: 'mariadb',
};

/** The kind of server, as RDS names it; null for one that Headroom does not do. */
export function engineOf({ Engine = '' }: Pick<DBInstance, 'Engine'>): EngineName | null {
  return Object.hasOwn(ENGINES, Engine) ? (ENGINES[Engine] ?? null) : null;
}

/** Versions as Headroom's statements need them; what is newer is only observed. */
const OLDEST = { postgres: [14, 0], mysql: [8, 0], mariadb: [10, 6] } as const satisfies Record<
  EngineName,
  readonly [number, number]
>;

/** The oldest version that would do, where this one is older; null where it does. */
export function tooOld(engine: EngineName, version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST[engine];
  const isOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  return isOld ? `${oldestMajor}${oldestMinor === 0 ? '' : `.${oldestMinor}`}` : null;
}

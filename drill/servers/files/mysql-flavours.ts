import type { DebianPackage } from './debian-packages.ts';

export const MYSQL_FLAVOURS = ['mysql', 'mariadb'] as const;
export type MysqlFlavour = (typeof MYSQL_FLAVOURS)[number];

interface FlavourFacts {
  /** The product's name. */
  readonly title: string;
  /** Environment variable that names a folder with a server in it. */
  readonly variable: string;
  readonly programs: readonly string[];
  /** The oldest version Headroom is for. */
  readonly oldest: readonly [major: number, minor: number];
  readonly debian: DebianPackage;
}

export const FLAVOUR_FACTS: Readonly<Record<MysqlFlavour, FlavourFacts>> = {
  mysql: {
    title: 'MySQL',
    variable: 'HEADROOM_MYSQL_HOME',
    programs: ['mysqld'],
    oldest: [8, 0],
    // Debian's releases carry MariaDB alone.
    debian: { name: 'mysql-server-core', suite: 'sid' },
  },
  mariadb: {
    title: 'MariaDB',
    variable: 'HEADROOM_MARIADB_HOME',
    programs: ['mariadbd', 'mysqld'],
    oldest: [10, 6],
    debian: { name: 'mariadb-server-core', suite: 'bookworm' },
  },
};

import type { Session, Tool } from '../../../core/server/session.ts';
import type { MetadataLockRow } from './sessions.sql.ts';

/**
 * Statements that only backups send: mysqldump, mydumper, xtrabackup, mariadb-backup. A comment before them, and a
 * versioned comment in them, is part of what they send.
 */
const OF_BACKUP = [
  /^BACKUP (STAGE|LOCK|UNLOCK)\b/,
  /^LOCK (INSTANCE|TABLES|BINLOG) FOR BACKUP\b/,
  /^FLUSH (NO_WRITE_TO_BINLOG |LOCAL |\/\*!\d+ LOCAL \*\/ )?TABLES?\b.* (WITH READ LOCK|FOR EXPORT)\b/,
  /^FLUSH (NO_WRITE_TO_BINLOG |LOCAL )(ENGINE|BINARY) LOGS\b/,
  /^START TRANSACTION\b.*\bWITH CONSISTENT SNAPSHOT\b/,
  /^SELECT \/\*!40001 SQL_NO_CACHE \*\//,
];
/** gh-ost and pt-online-schema-change sign every statement; gh-ost's shadow tables have names of their own. */
const OF_MIGRATION = /\/\*\s*(gh-ost|pt-online-schema-change)\b|`_[^`]+_gh[oc]`/i;
/** Only this much is read. */
const MOST_TEXT = 2_048;

/** What a statement shows its session to be. */
export function toolOfText(text: string | null): Tool | null {
  if (text === null) return null;
  const start = text.slice(0, MOST_TEXT);
  if (OF_MIGRATION.test(start)) return 'migration';
  const plain = start
    .replace(/^(\s*\/\*[^!].*?\*\/)+/s, '')
    .replace(/\s+/g, ' ')
    .trim();
  const upper = plain.toUpperCase();
  return OF_BACKUP.some((pattern) => pattern.test(upper)) ? 'backup' : null;
}

/** What holds the whole server still until it is given back: FLUSH TABLES WITH READ LOCK, or a backup's own lock. */
const BACKUP_LOCKS: ReadonlySet<string> = new Set(['GLOBAL', 'BACKUP', 'BACKUP LOCK']);

/** Of the same kinds, the locks that every change and every commit takes. MariaDB keeps a commit's until it is done. */
const OF_CHANGES = /^(INTENTION_EXCLUSIVE|BACKUP_(\w*DML|DDL|ALTER_COPY|COMMIT))$/;

/** Sessions that hold such a lock. */
export function holdersOfBackupLocks(
  locks: readonly MetadataLockRow[],
  sessions: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  const holding = locks.filter(
    ({ kind, type, kept, pending }) => BACKUP_LOCKS.has(kind) && !OF_CHANGES.test(type) && kept === 1 && pending === 0,
  );
  return new Set(holding.flatMap(({ thread }) => sessions.get(thread ?? -1) ?? []));
}

/**
 * A backup copies files for hours while its sessions show nothing: idle, without a name (mariadb-backup). Where their
 * locks do not show either, an idle session of a user that may take such a lock counts as one.
 */
export function withPossibleBackups(sessions: readonly Session[], mayBackUp: ReadonlySet<string>): readonly Session[] {
  return sessions.map((session) => {
    const { user, state, tool } = session;
    const isPossible = tool === null && state.startsWith('idle') && user !== null && mayBackUp.has(user);
    return isPossible ? { ...session, tool: 'backup' } : session;
  });
}

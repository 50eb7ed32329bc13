import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { matchesAny } from '../../../../functions/core/policy/patterns.ts';
import { isRollbackTooCostly, protectionOf, withMasterUser } from '../../../../functions/core/policy/protection.ts';
import type { SparedReason } from '../../../../functions/core/policy/spared.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { aPolicy, aSession } from '../../../support/a-session.ts';

const policy = aPolicy({
  protect: {
    users: ['billing*'],
    applications: ['Nightly'],
    databases: ['ledger'],
    clients: ['10.9.*', '10.20.0.0/16', 'fd00::/8'],
    toolUsers: ['*'],
    exceptAdministrators: ['shop*'],
  },
});

describe('a session is protected', () => {
  it.each<[SparedReason, Partial<Session>]>([
    ['own-session', { own: true }],
    ['replication', { kind: 'replication' }],
    ['system-process', { kind: 'system' }],
    ['superuser', { superuser: true }],
    ['administrator', { administrator: true }],
    ['may-be-protected', { administrator: null }],
    ['rds-internal', { user: 'rdsadmin' }],
    ['rds-internal', { user: 'rdsproxyadmin' }],
    ['rds-internal', { user: 'mysql.session' }],
    ['logging-in', { state: 'starting', user: null }],
    ['rolling-back', { state: 'rolling-back' }],
    ['may-not-see', { state: 'unseen' }],
    ['may-not-see', { state: 'other' }],
    ['may-not-see', { user: null }],
    ['backup-tool', { application: 'pg_dump' }],
    ['backup-tool', { application: 'PG_DUMPALL' }],
    ['migration-tool', { application: 'Flyway Community' }],
    ['migration-tool', { application: 'Debezium General' }],
    ['protected-user', { user: 'billing_batch' }],
    ['protected-application', { application: 'nightly' }],
    ['application-unknown', { application: '', doubts: ['application'] }],
    ['user-unsure', { doubts: ['user'] }],
    ['protected-database', { database: 'ledger' }],
    ['protected-client', { client: '10.9.4.2' }],
    ['protected-client', { client: '10.20.255.255' }],
    ['protected-client', { client: '::ffff:10.20.0.1' }],
    ['protected-client', { client: 'fd12::1' }],
    ['may-be-protected', { user: 'unknown (OID=16412)', doubts: ['user-name'] }],
    ['protected-client', { client: '10.9.0.1' }],
    ['may-be-protected', { client: 'host.example' }],
    ['opted-out', { statement: { verb: 'SELECT', text: null, isOptedOut: true } }],
    ['holds-advisory-lock', { holds: ['advisory-lock'] }],
    ['holds-advisory-lock', { state: 'idle-in-transaction', holds: ['advisory-lock'] }],
    ['holds-advisory-lock', { state: 'active', holds: ['advisory-lock'], blockedBy: [7] }],
    ['holds-listen', { holds: ['listen'] }],
    ['holds-commit', { state: 'active', holds: ['commit'] }],
    ['holds-backup', { holds: ['backup'] }],
    ['holds-snapshot', { state: 'idle-in-transaction', holds: ['snapshot'] }],
    ['waits-for-lock', { state: 'active', blockedBy: [7] }],
    ['waits-for-lock', { state: 'active', lockWaitMs: 1 }],
  ])('as %s when it is %o', (reason, changed) => {
    expect(protectionOf(aSession(1, changed), policy)).toBe(reason);
  });

  it('by nothing when it is an ordinary client', () => {
    expect(protectionOf(aSession(1), policy)).toBeNull();
    for (const user of ['rdsadmin_reports', 'rds_orders', 'rdsuser', 'mysql.orders']) {
      expect(protectionOf(aSession(1, { user }), policy)).toBeNull();
    }
    expect(protectionOf(aSession(1, { doubts: ['user-name'] }), aPolicy())).toBeNull();
    for (const administrator of [true, null]) {
      expect(protectionOf(aSession(1, { user: 'shop_web', administrator }), policy)).toBeNull();
    }
    expect(protectionOf(aSession(1, { application: 'nightly-2', user: 'admin' }), policy)).toBeNull();
    for (const client of ['10.21.0.0', 'fe00::1', 'localhost', null]) {
      expect(protectionOf(aSession(1, { client }), policy)).toBeNull();
    }
  });
});

describe('the master user', () => {
  const named = withMasterUser(policy, 'master');

  it('is an administrator once it is known, and then nobody else may be', () => {
    expect(protectionOf(aSession(1, { user: 'master', administrator: null }), named)).toBe('administrator');
    expect(protectionOf(aSession(1, { user: 'master' }), named)).toBe('administrator');
    expect(protectionOf(aSession(1, { administrator: null }), named)).toBeNull();
    expect(protectionOf(aSession(1, { administrator: true }), named)).toBe('administrator');
  });

  it('is the one that the policy names, whatever RDS says, and may be listed as no administrator', () => {
    expect(withMasterUser(named, 'other')).toBe(named);
    expect(withMasterUser(policy, null)).toBe(policy);
    expect(protectionOf(aSession(1, { user: 'shop_admin' }), withMasterUser(policy, 'shop_admin'))).toBeNull();
  });
});

describe('a rollback is too costly', () => {
  const minutes = 60_000;
  it.each<[boolean, string, Partial<Session>]>([
    [false, 'at the limit of rows', { rowsModified: 10_000, hasWritten: true, transactionMs: 90 * minutes }],
    [true, 'over the limit of rows', { rowsModified: 10_001 }],
    [false, 'when it has only read, however long', { state: 'active', transactionMs: 90 * minutes }],
    [true, 'when it has been writing for long', { state: 'active', hasWritten: true, transactionMs: 11 * minutes }],
    [
      false,
      'when it wrote shortly and has idled since',
      { state: 'idle-in-transaction', hasWritten: true, transactionMs: 90 * minutes, stateMs: 85 * minutes },
    ],
    [true, 'when nobody can say for how long it has been writing', { hasWritten: true, transactionMs: null }],
  ])('is %s %s', (expected, _, changed) => {
    expect(isRollbackTooCostly(aSession(1, changed), policy)).toBe(expected);
  });
});

describe('a backup or a migration is one', () => {
  const judged = aPolicy({ protect: { ...aPolicy().protect, toolUsers: ['deploy', 'backup*'] } });
  const reasonFor = (changed: Partial<Session>, by: Policy = judged) => protectionOf(aSession(1, changed), by);
  const atWork = { state: 'active', user: 'deploy' } as const;

  it.each<[string, SparedReason]>([
    ['/usr/bin/pt-online-schema-change', 'migration-tool'],
    ['C:\\tools\\mysqldump.exe', 'backup-tool'],
    ['mysqlsh', 'backup-tool'],
    ['Flyway by Redgate', 'migration-tool'],
  ])('by the last part of the name that it gives: %s', (application, reason) => {
    expect(reasonFor({ ...atWork, application })).toBe(reason);
    expect(reasonFor({ ...atWork, application: `not-${application.split(/[/\\]/).at(-1) ?? ''}` })).toBeNull();
  });

  it('only for users that the policy lets have such a name; by default for all', () => {
    expect(reasonFor({ ...atWork, user: 'app', application: 'pg_dump' })).toBeNull();
    expect(reasonFor({ ...atWork, user: 'backup_eu', application: 'pg_dump' })).toBe('backup-tool');
    expect(reasonFor({ ...atWork, user: 'app', application: 'pg_dump' }, policy)).toBe('backup-tool');
  });

  it('by what it does, whoever it is and whatever it calls itself', () => {
    expect(reasonFor({ user: 'app', application: 'web', tool: 'backup' })).toBe('backup-tool');
    expect(reasonFor({ user: 'app', application: '', tool: 'migration', stateMs: 9_000_000 })).toBe('migration-tool');
  });

  it('not when it rests as no such tool does: a leak is not safe for its name', () => {
    const idle = { user: 'deploy', state: 'idle' } as const;
    for (const application of ['pg_dump', 'flyway-x', '/bin/mysqldump']) {
      expect(reasonFor({ ...idle, application, stateMs: 899_000 })).not.toBeNull();
      expect(reasonFor({ ...idle, application, stateMs: 900_000 })).toBeNull();
      expect(reasonFor({ ...idle, application, stateMs: 900_000, state: 'idle-in-transaction' })).not.toBeNull();
    }
    expect(reasonFor({ ...idle, application: 'pgbackrest', stateMs: 9_000_000 })).toBe('backup-tool');
  });

  it.each([
    ['backup', 'backup-tool'],
    ['nightly_backup', 'backup-tool'],
    ['mariabackup', 'backup-tool'],
    ['backupper', null],
    ['netlify', null],
  ])('by a word of its user’s name, where it gives none: %s', (user, reason) => {
    expect(reasonFor({ user, application: '' }, policy)).toBe(reason);
    expect(reasonFor({ user, application: 'web' }, policy)).toBeNull();
  });
});

describe('the policy says which rollback is too costly', () => {
  it.each<[keyof Policy['rollback'], number, Partial<Session>, Partial<Session>]>([
    ['maxRowsModified', 50_000, { rowsModified: 50_000 }, { rowsModified: 50_001 }],
    ['maxRowsModified', 5, { rowsModified: 5 }, { rowsModified: 6 }],
    [
      'maxWritingSeconds',
      60,
      { state: 'active', hasWritten: true, transactionMs: 60_000 },
      { state: 'active', hasWritten: true, transactionMs: 60_001 },
    ],
    [
      'maxWritingSeconds',
      3_600,
      { state: 'active', hasWritten: true, transactionMs: 3_600_000 },
      { state: 'active', hasWritten: true, transactionMs: 3_600_001 },
    ],
  ])('by rollback.%s, here %d', (limit, value, within, over) => {
    const judged = aPolicy({ rollback: { ...policy.rollback, [limit]: value } });
    expect(isRollbackTooCostly(aSession(1, within), judged)).toBe(false);
    expect(isRollbackTooCostly(aSession(1, over), judged)).toBe(true);
  });
});

describe('a pattern', () => {
  it('is exact unless it ends in a star, and knows no other wildcard', () => {
    expect(matchesAny('web-1', ['web'])).toBe(false);
    expect(matchesAny('web-1', ['web*'])).toBe(true);
    expect(matchesAny('anything', ['.*'])).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { featuresOf } from '../../../../../functions/engines/mysql/connect/features.ts';
import { serverOf } from '../../../../../functions/engines/mysql/look/sample.ts';
import { Refused } from '../../../../../functions/engines/shared/engine.ts';
import { checkInstance } from '../../../../../functions/engines/shared/login.ts';

/** A server's own words, of which each test takes away or adds some. */
function found(variables: Record<string, string>, grants: readonly string[]) {
  const columns = [
    ...['threads', 'events_statements_current', 'data_lock_waits'].map((table) => ['performance_schema', table, 'X']),
    ['information_schema', 'PROCESSLIST', 'ID'],
  ].map(([table_schema = '', table_name = '', column_name = '']) => ({ table_schema, table_name, column_name }));
  const rows = Object.entries({ version: '8.4.3', version_comment: 'Source distribution', ...variables });
  return {
    account: 'head`room@10.%',
    variables: rows.map(([Variable_name, Value]) => ({ Variable_name, Value })),
    columns,
    grants: grants.map((grant) => `${grant} TO \`head\`\`room\`@\`10.%\``),
  };
}

const RDS_GRANTS = [
  'GRANT PROCESS ON *.*',
  'GRANT EXECUTE ON PROCEDURE `mysql`.`rds_kill`',
  'GRANT EXECUTE ON PROCEDURE `mysql`.`rds_kill_query`',
];

test('on RDS sessions are ended by procedures, and nobody but RDS is an administrator', () => {
  const features = featuresOf(found({ performance_schema: 'ON' }, RDS_GRANTS));
  expect(features).toMatchObject({ kills: 'procedures', administrators: 'names', reserved: false, hasTimers: true });
  expect(features.visibility).toMatchObject({ seesSessions: true, maySignal: true, seesBlockers: true });
});

test('on RDS without the procedures, they are what is missing', () => {
  const features = featuresOf(found({ basedir: '/rdsdbbin/mysql-8.4.3.R1/' }, RDS_GRANTS.slice(0, 2)));
  expect(features.visibility).toMatchObject({
    maySignal: false,
    missing: ['GRANT EXECUTE ON PROCEDURE mysql.rds_kill_query TO `head``room`@`10.%`'],
  });
});

test.each([
  ['GRANT PROCESS, CONNECTION ADMIN ON *.*', true],
  ['GRANT CONNECTION_ADMIN,ROLE_ADMIN ON *.*', true],
  ['GRANT ALL PRIVILEGES ON *.*', true],
  ['GRANT SUPER ON *.*', true],
  ['GRANT ALL PRIVILEGES ON `SUPER`.*', false],
  ['GRANT SELECT ON `CONNECTION_ADMIN`.*', false],
  ['GRANT USAGE ON *.*', false],
])('%s: may end sessions %s', (grant, may) => {
  const { visibility, reserved } = featuresOf(found({}, [grant]));
  expect([visibility.maySignal, reserved]).toEqual([may, may]);
});

test('with performance_schema off nothing of it is used, however readable it is', () => {
  const features = featuresOf(found({ performance_schema: 'OFF' }, RDS_GRANTS));
  expect(features).toMatchObject({ hasTimers: false, rowWaits: null, hasMetadataLocks: false, hasAttributes: false });
  expect(features.visibility.seesBlockers).toBe(false);
});

test.each([
  ['8.0.39', '', 'mysql', 8, true],
  ['8.4.3', 'Source distribution', 'mysql', 8, true],
  ['9.7.4-2', '(Debian)', 'mysql', 9, true],
  ['10.0.1', '', 'mysql', 10, false],
  ['10.6.18-MariaDB-log', 'managed by https://aws.amazon.com/rds/', 'mariadb', 10, true],
  ['11.4.2-MariaDB', '', 'mariadb', 11, true],
  ['10.5.27-MariaDB', '', 'mariadb', 10, false],
  ['12.1.1-MariaDB', '', 'mariadb', 12, false],
  ['8.0.36', 'MariaDB Server in disguise', 'mariadb', 8, false],
] as const)('%s %s is %s %i, supported: %s', (...[version, version_comment, engine, major, tested]) => {
  const features = featuresOf(found({ version, version_comment }, []));
  const row = {
    identity: 'x',
    started_at: 0,
    read_only: 0,
    max_connections: 1,
    connected: 1,
    sessions_opened: 1,
    logins_refused: 0,
    counted_since: '0',
    lock_holder: null,
    deadlocks: 0,
    user_limit: 0,
  };
  expect(serverOf(features, row)).toMatchObject({ engine, major, tested });
});

test('on Aurora another instance is the wrong server; elsewhere nobody can tell', () => {
  expect(featuresOf(found({ aurora_server_id: 'orders-1' }, [])).instance).toBe('orders-1');
  expect(featuresOf(found({}, [])).instance).toBeNull();
  expect(() => checkInstance('Orders-1', 'orders-1')).not.toThrow();
  expect(() => checkInstance(null, 'orders-1')).not.toThrow();
  expect(() => checkInstance('orders-2', 'orders-1')).toThrow(Refused);
});

import { expect, test } from 'vitest';
import { holdersOfBackupLocks, toolOfText } from '../../../../../functions/engines/mysql/sessions/tools.ts';

/** As the tools send them. */
test.each([
  ['backup', 'BACKUP STAGE START'],
  ['backup', 'backup stage block_commit'],
  ['backup', 'BACKUP LOCK `shop`.`orders`'],
  ['backup', 'LOCK INSTANCE FOR BACKUP'],
  ['backup', 'LOCK TABLES FOR BACKUP'],
  ['backup', 'FLUSH TABLES WITH READ LOCK'],
  ['backup', 'FLUSH NO_WRITE_TO_BINLOG TABLES WITH READ LOCK'],
  ['backup', 'FLUSH /*!40101 LOCAL */ TABLES WITH READ LOCK'],
  ['backup', 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS'],
  ['backup', 'FLUSH TABLES `shop`.`orders` FOR EXPORT'],
  ['backup', 'START TRANSACTION /*!40108 WITH CONSISTENT SNAPSHOT */'],
  ['backup', 'START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */'],
  ['backup', 'SELECT /*!40001 SQL_NO_CACHE */ * FROM `orders`'],
  ['backup', '/* mydumper */ SELECT /*!40001 SQL_NO_CACHE */ `id` FROM `shop`.`orders`'],
  [
    'migration',
    'insert /* gh-ost `shop`.`orders` */ ignore into `shop`.`_orders_gho` (`id`) (select `id` from `shop`.`orders`)',
  ],
  ['migration', 'select /* gh-ost */ release_lock(?)'],
  ['migration', "replace into `shop`.`_orders_ghc` (id, hint, value) values (1, 'heartbeat', now())"],
  [
    'migration',
    'INSERT LOW_PRIORITY IGNORE INTO `shop`.`_orders_new` (`id`) SELECT `id` FROM `shop`.`orders` /*pt-online-schema-change 7 copy nibble*/',
  ],
  [null, null],
  [null, ''],
  [null, 'FLUSH TABLES'],
  [null, 'START TRANSACTION'],
  [null, 'SELECT * FROM `backup stage`'],
  [null, "SELECT 'FLUSH TABLES WITH READ LOCK'"],
  [null, 'SELECT * FROM `_orders_ghost`'],
  [null, 'LOCK TABLES `orders` READ'],
])('%s: %s', (tool, text) => {
  expect(toolOfText(text)).toBe(tool);
});

test('a text as long and as hostile as it likes is read in no time', () => {
  for (const text of ['/*a*/'.repeat(400_000), '`_'.repeat(400_000), `FLUSH TABLES ${'WITH '.repeat(400_000)}`]) {
    expect(toolOfText(text)).toBeNull();
  }
});

test('who holds the server still for a backup holds it, and who waits for that does not', () => {
  const lock = (thread: number, kind: string, type = 'SHARED', changed = {}) => ({
    thread,
    kind,
    object: `${kind}//`,
    type,
    kept: 1,
    pending: 0,
    ...changed,
  });
  const locks = [
    lock(1, 'GLOBAL'),
    lock(2, 'BACKUP', 'BACKUP_BLOCK_DDL'),
    lock(3, 'BACKUP LOCK'),
    lock(4, 'GLOBAL', 'SHARED', { kept: 0 }),
    lock(5, 'GLOBAL', 'SHARED', { pending: 1 }),
    lock(6, 'USER LEVEL LOCK'),
    // A commit that waits for its standby, on MariaDB.
    lock(7, 'BACKUP', 'BACKUP_COMMIT'),
    lock(8, 'GLOBAL', 'INTENTION_EXCLUSIVE'),
    lock(9, 'BACKUP', 'BACKUP_FTWRL1'),
  ];
  const sessions = new Map([1, 2, 3, 4, 5, 6, 7, 8, 9].map((thread) => [thread, 100 + thread]));
  expect(holdersOfBackupLocks(locks, sessions)).toEqual(new Set([101, 102, 103, 109]));
});

test.each(['BACKUP_COMMIT', 'BACKUP_TRANS_DML', 'BACKUP_DDL', 'INTENTION_EXCLUSIVE'])(
  'whoever changes or commits something is no backup for its lock: %s',
  (type) => {
    const lock = { thread: 1, kind: 'BACKUP', object: 'BACKUP//', type, kept: 1, pending: 0 };
    expect(holdersOfBackupLocks([lock], new Map([[1, 101]]))).toEqual(new Set());
  },
);

import { expect, test } from 'vitest';
import { latestDeadlock } from '../../../../../functions/engines/mysql/look/deadlock.ts';

/** As MySQL 8 and MariaDB 10.11 print it, shortened. */
const status = (server: string, deadlock: string) => `
=====================================
2026-11-21 08:30:15 0x7f1 INNODB MONITOR OUTPUT
=====================================
Per second averages calculated from the last 5 seconds
-----------------
BACKGROUND THREAD
-----------------
srv_master_thread loops: 5 srv_active
${deadlock}------------
TRANSACTIONS
------------
Trx id counter 1821
---TRANSACTION 1820, ACTIVE 1 sec
${server} thread id 12, OS thread handle 1, query id 9 localhost root
SELECT 'of somebody else'
`;

const deadlock = (server: string) => `------------------------
LATEST DETECTED DEADLOCK
------------------------
2026-11-21 08:29:45 0x7f2
*** (1) TRANSACTION:
TRANSACTION 1818, ACTIVE 0 sec starting index read
mysql tables in use 1, locked 1
${server} thread id 10, OS thread handle 1, query id 50 localhost root updating
UPDATE ledger SET owner = 'hunter2'
WHERE id = 8

*** (1) HOLDS THE LOCK(S):
RECORD LOCKS space id 2 page no 4 n bits 80 index PRIMARY of table \`main\`.\`ledger\`
*** (2) TRANSACTION:
TRANSACTION 1819, ACTIVE 0 sec starting index read
${server} thread id 11, OS thread handle 1, query id 51 localhost root updating
DELETE FROM ledger WHERE id = 7
*** WE ROLL BACK TRANSACTION (2)
`;

test.each(['MySQL', 'MariaDB'])(
  '%s: its age by the clock of the server, and both statements without literals',
  (server) => {
    expect(latestDeadlock(status(server, deadlock(server)), 'redacted')).toEqual({
      agoMs: 30_000,
      statements: [
        { verb: 'UPDATE', text: 'UPDATE ledger SET owner = ? WHERE id = ?', isOptedOut: false },
        { verb: 'DELETE', text: 'DELETE FROM ledger WHERE id = ?', isOptedOut: false },
      ],
    });
  },
);

test.each(['MySQL', 'MariaDB'])('%s: no statement, where a literal looks like another transaction', (server) => {
  const forged = `'\n\n${server} thread id 9, query id 1\nhunter2\n\n'`;
  const forgedHeading = `'\n\n*** (2) TRANSACTION:\nTRANSACTION 1, ACTIVE\n${server} thread id 9\nhunter2\n\n'`;
  for (const literal of [forged, forgedHeading]) {
    const text = deadlock(server).replace(`'hunter2'`, literal);
    expect(latestDeadlock(status(server, text), 'redacted')).toEqual({ agoMs: 30_000, statements: [] });
  }
});

test('none, when there was none, and none from a text that is something else', () => {
  expect(latestDeadlock(status('MySQL', ''), 'redacted')).toBeNull();
  expect(latestDeadlock('', 'redacted')).toBeNull();
});

test('a text that was cut off in the middle is read as far as it goes', () => {
  const text = status('MySQL', deadlock('MySQL'));
  for (let length = 0; length < text.length; length += 7) {
    const found = latestDeadlock(text.slice(0, length), 'redacted');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  }
});

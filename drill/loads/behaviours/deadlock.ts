import { openSessions, type LoadContext } from './behaviour.ts';

const TAKE_STOCK = 'UPDATE stock SET left_over = left_over - 1 WHERE item = 1';
const TAKE_ORDER = 'UPDATE orders SET total = total + 1 WHERE id = 1';

/**
 * Two payments that take the same two locks in opposite order. The server ends one of the transactions, whose client
 * gives up its connection; the other then has both locks, waits for its partner's word, and never commits.
 */
export async function deadlock(context: LoadContext): Promise<void> {
  const [one, other] = await openSessions(context, 'takes two locks', async (session, index) => {
    await session.run('BEGIN');
    await session.run(index === 0 ? TAKE_STOCK : TAKE_ORDER);
  });
  if (one === undefined || other === undefined) throw new Error('it takes two to deadlock');
  const [first, second] = await Promise.all([one.run(TAKE_ORDER), other.run(TAKE_STOCK)]);
  if (first === null) await one.close();
  if (second === null) await other.close();
  if ((first === null) === (second === null)) throw new Error('the server broke no deadlock');
  context.ready();
}

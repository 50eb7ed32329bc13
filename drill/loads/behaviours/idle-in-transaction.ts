import { openSessions, type LoadContext } from './behaviour.ts';

/**
 * Begins, writes, and waits for an answer from elsewhere that never comes. Every fourth transaction has failed already,
 * where there is such a state.
 */
export async function idleInTransaction(context: LoadContext): Promise<void> {
  const { failTransaction } = context.dialect;
  await openSessions(context, 'forgot to commit', async (session, index) => {
    await session.run('BEGIN');
    await session.run('UPDATE orders SET total = total + 1 WHERE id = ?', [index + 1]);
    if (failTransaction !== null && index % 4 === 3) await session.run(failTransaction);
  });
  context.ready();
}

import { openSessions, type LoadContext } from './behaviour.ts';

/** Begins, writes, and waits for an answer from elsewhere that never comes. Every fourth transaction has failed already. */
export async function idleInTransaction(context: LoadContext): Promise<void> {
  await openSessions(context, 'forgot to commit', async (session, index) => {
    await session.run('BEGIN');
    await session.run('UPDATE orders SET total = total + 1 WHERE id = $1', [index + 1]);
    if (index % 4 === 3) await session.run('SELECT 1 / 0');
  });
  context.ready();
}

import type { Dialect } from '../../clients/client.ts';
import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/**
 * Work that must not be touched, in every state that would otherwise make a session a victim: a long query, an open
 * transaction that waits, a long idle connection.
 */
export async function protectedWork(context: LoadContext): Promise<void> {
  await openSessions(context, 'must not be touched', async (session, index) => {
    await beginWork(context.dialect, session, index);
    await pause(context, 0, 20);
  });
  context.ready();
}

async function beginWork(dialect: Dialect, session: ClientSession, index: number): Promise<void> {
  if (index % 3 === 2) {
    await session.run('SELECT 1');
    return;
  }
  await session.run(dialect.beginSnapshot);
  await session.run('SELECT count(*) FROM orders');
  if (index % 3 === 0) void session.run(dialect.endlessQuery);
}

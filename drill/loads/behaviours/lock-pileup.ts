import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** Locks the row that everybody needs and never commits. */
export async function lockHolder(context: LoadContext): Promise<void> {
  await openSessions(context, 'holds the lock', async (session) => {
    await session.run('BEGIN');
    await session.run('UPDATE stock SET left_over = left_over - 1 WHERE item = 1');
  });
  context.ready();
}

/** Each wants that row for a moment, and would give its connection back at once. */
export async function lockWaiters(context: LoadContext): Promise<void> {
  await openSessions(context, 'waits for the lock', async (session) => {
    void buy(context, session);
    await pause(context, 0, 20);
  });
  context.ready();
}

async function buy(context: LoadContext, session: ClientSession): Promise<void> {
  const rows = await session.run('UPDATE stock SET left_over = left_over - 1 WHERE item = 1');
  if (rows !== null) context.worked();
  if (session.isAlive()) await session.close();
}

import { openSessions, type LoadContext } from './behaviour.ts';

/**
 * Takes a connection for every request, asks one question and never gives it back, until no client gets in any more.
 */
export async function leakingApp(context: LoadContext): Promise<void> {
  await openSessions(context, 'leaked', async (session, index) => {
    await session.run('SELECT * FROM orders WHERE id = ?', [index + 1]);
  });
  context.ready();
}

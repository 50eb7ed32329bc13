import { openSessions, type LoadContext } from './behaviour.ts';

/**
 * Changes a table that everybody needs, within a transaction, and waits until the person who started it has seen the
 * result.
 */
export async function migration(context: LoadContext): Promise<void> {
  await openSessions(context, 'migrates', async (session) => {
    await session.run('BEGIN');
    await session.run(context.dialect.migrate);
  });
  context.ready();
}

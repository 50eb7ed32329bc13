import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** Workers of a nightly job, one connection each: chunk after chunk, now and then with a pause in a transaction. */
export async function batchJob(context: LoadContext): Promise<void> {
  const sessions = await openSessions(context, 'works through its chunks', async (session) => {
    await session.run('SELECT 1');
  });
  context.ready();
  await Promise.all(sessions.map((session, index) => workThrough(context, session, index)));
}

async function workThrough(context: LoadContext, session: ClientSession, index: number): Promise<void> {
  const { dialect } = context;
  while (session.isAlive()) {
    await session.run('BEGIN');
    await session.run(`SELECT COUNT(*), ${dialect.sleep(0.4 + context.random() * 0.8)} FROM (SELECT 1) AS chunk`);
    await pause(context, 0, 150);
    await session.run('UPDATE orders SET total = total + 1 WHERE id = ?', [index + 1]);
    if ((await session.run('COMMIT')) !== null) context.worked();
    await pause(context, 0, 20);
  }
}

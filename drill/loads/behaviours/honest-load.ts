import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** More customers than slots: every session works all the time, each query is short, no client is to blame. */
export async function honestLoad(context: LoadContext): Promise<void> {
  const sessions = await openSessions(context, 'serves customers', async (session) => {
    await session.run('SELECT 1');
  });
  context.ready();
  await Promise.all(sessions.map((session) => keepBusy(context, session)));
}

async function keepBusy(context: LoadContext, session: ClientSession): Promise<void> {
  while (session.isAlive()) {
    const customer = Math.floor(context.random() * 1000);
    const sleep = context.dialect.sleep(0.2 + context.random() * 0.3);
    const rows = await session.run(`SELECT (SELECT COUNT(*) FROM orders WHERE customer = ?), ${sleep}`, [customer]);
    if (rows !== null) context.worked();
    await pause(context, 0, 10);
  }
}

import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** A small pool that gives every connection back: short queries, short pauses. Reconnects when it loses a session. */
export async function healthyPool(context: LoadContext): Promise<void> {
  const sessions = await openSessions(context, 'serves customers', async (session) => {
    await work(context, session);
  });
  context.ready();
  await Promise.all(sessions.map((session) => keepWorking(context, session)));
}

async function keepWorking(context: LoadContext, first: ClientSession): Promise<never> {
  let session: ClientSession | null = first;
  for (;;) {
    await pause(context, 50, 250);
    if (session?.isAlive() !== true) session = await context.open('serves customers');
    if (session !== null) await work(context, session);
  }
}

async function work(context: LoadContext, session: ClientSession): Promise<void> {
  const customer = Math.floor(context.random() * 1000);
  const sleep = context.dialect.sleep(0.01);
  const rows = await session.run(`SELECT (SELECT COUNT(*) FROM orders WHERE customer = ?), ${sleep}`, [customer]);
  if (rows !== null) context.worked();
}

import { setTimeout as sleep } from 'node:timers/promises';
import { pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** How much a client's patience differs from that of the others, to both sides. */
const SPREAD = 0.4;
/**
 * The storm is up when every client has tried, one was refused, and it has not grown for this long, and for longer than a
 * client that was refused waits: logins that are about to be refused take slots too, which others find taken.
 */
const STEADY_MS = 300;

/**
 * More clients than slots, and no back-off. Each takes a session, runs one query, and keeps it, idle or at work
 * (`isBusy`), for good or for about `keepMs`. A client that is refused retries after about `retryMs`; one that loses
 * its session or closes it reconnects at once.
 */
export async function storm(context: LoadContext): Promise<void> {
  const { sessions, keepMs, retryMs } = context.spec;
  if (sessions === 'until-refused') throw new Error('a storm has a number of clients');
  let inside = 0;
  let most = 0;
  let mostAt = Date.now();
  let untried = sessions;
  let isRefused = false;
  const comeAgain = async (): Promise<never> => {
    for (let tries = 0; ; tries++) {
      const session = await context.open('storms in');
      if (tries === 0) untried--;
      if (session === null) {
        isRefused = true;
        await pause(context, retryMs * (1 - SPREAD), retryMs * (1 + SPREAD));
        continue;
      }
      if (++inside > most) [most, mostAt] = [inside, Date.now()];
      const customer = Math.floor(context.random() * 1000);
      if ((await session.run('SELECT COUNT(*) FROM orders WHERE customer = ?', [customer])) !== null) context.worked();
      await keep(context, session, keepMs === undefined ? null : keepMs * (1 - SPREAD + 2 * SPREAD * context.random()));
      inside--;
      if (session.isAlive()) await session.close();
    }
  };
  const clients = Array.from({ length: sessions }, comeAgain);
  const steadyMs = STEADY_MS + retryMs * (1 + SPREAD);
  while (untried > 0 || !isRefused || Date.now() - mostAt < steadyMs) await sleep(50);
  context.ready();
  await Promise.all(clients);
}

/** Until the time is over, or the session is; for good when `forMs` is null. */
async function keep({ spec, dialect }: LoadContext, session: ClientSession, forMs: number | null): Promise<void> {
  if (forMs === null) await session.over;
  else if (spec.isBusy) await session.run(`SELECT ${dialect.sleep(forMs / 1000)}`);
  else await Promise.race([session.over, sleep(forMs)]);
}

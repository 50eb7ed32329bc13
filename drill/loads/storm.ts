import { setTimeout as sleep } from 'node:timers/promises';
import { pause, type LoadContext } from './behaviour.ts';

/** How soon a client that was refused comes again: no back-off, and every instance alike. */
const RETRY_MS = { from: 300, to: 700 } as const;
/** The storm is up when everybody has tried, somebody was refused, and it has not grown for as long. */
const STEADY_MS = 300;

/**
 * More clients than slots. Each wants a session, asks one question and keeps it, and whoever is refused, loses its session or
 * gives it up (`keepMs`) comes again at once.
 */
export async function storm(context: LoadContext): Promise<void> {
  const { sessions, keepMs } = context.spec;
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
        await pause(context, RETRY_MS.from, RETRY_MS.to);
        continue;
      }
      if (++inside > most) [most, mostAt] = [inside, Date.now()];
      const customer = Math.floor(context.random() * 1000);
      if ((await session.run('SELECT COUNT(*) FROM orders WHERE customer = ?', [customer])) !== null) context.worked();
      if (keepMs === undefined) await session.over;
      else await Promise.race([session.over, sleep(keepMs * (0.5 + context.random()))]);
      inside--;
      if (session.isAlive()) await session.close();
    }
  };
  const clients = Array.from({ length: sessions }, comeAgain);
  while (untried > 0 || !isRefused || Date.now() - mostAt < STEADY_MS) await sleep(50);
  context.ready();
  await Promise.all(clients);
}

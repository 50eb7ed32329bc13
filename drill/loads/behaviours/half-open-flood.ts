import { setTimeout as sleep } from 'node:timers/promises';
import { pause, type LoadContext } from './behaviour.ts';

/** Refused so often in a row, the server is full. */
const BRIM = 2;

/**
 * Connections that begin to log in and never go on, as many as the server has slots. It gives up on each in time, and
 * another comes.
 */
export async function halfOpenFlood(context: LoadContext): Promise<void> {
  const comeAgain = async (over: Promise<void>): Promise<void> => {
    await over;
    for (;;) {
      const next = await context.beginLogin();
      if (next !== null) return comeAgain(next.over);
      await pause(context, 200, 600);
    }
  };
  for (let refusals = 0; refusals < BRIM;) {
    const login = await context.beginLogin();
    refusals = login === null ? refusals + 1 : 0;
    if (login !== null) void comeAgain(login.over);
    else await sleep(50);
  }
  context.ready();
}

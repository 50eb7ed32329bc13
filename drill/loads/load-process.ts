import { flushCompileCache } from 'node:module';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { clientFor } from '../clients/registry.ts';
import { behaviours } from './behaviours/behaviours.ts';
import { openSession, type ClientSession, type Place } from './behaviours/client-session.ts';
import { rollDice } from './dice.ts';
import type { LoadMessage, LoadOrder, LoadSpec, ToLoad } from './load-spec.ts';

/** A load's own process: a real client that gets its order from its parent, and ends with it. */

const report = (message: LoadMessage) => {
  if (process.connected) process.send?.(message);
};

process.once('disconnect', () => process.exit());
// Ctrl-C goes to the whole process group; the parent decides when a load ends.
process.on('SIGINT', () => undefined);

const sessions: ClientSession[] = [];

const alarm = new Promise<void>((resolve) => {
  // Its parent has checked it; to do so again would take longer than all else that starts here.
  process.on('message', (message: ToLoad) => {
    if (message.type === 'alarm') resolve();
    else if (message.type === 'leave') void leave();
    else {
      start(message).catch((error: unknown) => {
        report({ type: 'broken', message: errorWords(error) });
      });
    }
  });
});

async function start(order: LoadOrder): Promise<void> {
  const client = await clientFor(order.engine);
  // Most loads are killed, and what they have compiled would be lost with them.
  flushCompileCache();
  const dice = rollDice(order.seed);
  let opened = 0;
  await behaviours[order.spec.behaviour]({
    spec: order.spec,
    dialect: client.dialect,
    random: () => dice.between(0, 1),
    alarm,
    async open(purpose, instance = opened++) {
      const session = await openSession(client, order, { purpose, place: placeOf(order.spec, instance), report });
      if (session !== null) sessions.push(session);
      return session;
    },
    async beginLogin() {
      const login = await client.beginLogin({ url: order.url, application: order.spec.application });
      if (login === null) report({ type: 'refused', code: 'half-open' });
      return login;
    },
    worked: () => report({ type: 'worked' }),
    ready: () => report({ type: 'ready' }),
  });
}

/** A session is closed when the server has closed it too. */
async function leave(): Promise<void> {
  await Promise.all(sessions.filter((session) => session.isAlive()).map((session) => session.close()));
  process.disconnect();
}

/** Where a client runs: several instances have names and, where this machine has them, addresses of their own. */
function placeOf({ application, instances }: LoadSpec, index: number): Place {
  if (instances === 1) return { application };
  const number = (index % instances) + 1;
  // All of 127/8 is this machine on Linux; elsewhere one address of it is.
  return {
    application: `${application}-${number}`,
    ...(process.platform === 'linux' && { address: `127.0.1.${number}` }),
  };
}

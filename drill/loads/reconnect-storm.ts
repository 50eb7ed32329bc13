import { pause, type LoadContext } from './behaviour.ts';

/** How long a client keeps its slot. With 20 slots one comes free every 100 ms. */
const HOLD_SECONDS = { least: 1.5, spread: 1 } as const;
/** How soon a client comes again. With a dozen waiting, a free slot is taken within some 10 ms, for half a processor. */
const AGAIN_MS = { from: 60, to: 180 } as const;

/**
 * Clients that know no back-off: each takes a slot for a moment, gives it back and comes again at once, let in or not. Needs
 * more of them than the server has slots.
 */
export async function reconnectStorm(context: LoadContext): Promise<void> {
  const { sessions } = context.spec;
  if (sessions === 'until-refused') throw new Error('a storm needs a number of clients');
  let hasBegun = false;
  const onRefused = () => {
    if (!hasBegun) context.ready();
    hasBegun = true;
  };
  await Promise.all(Array.from({ length: sessions }, () => comeAndGo(context, onRefused)));
}

async function comeAndGo(context: LoadContext, onRefused: () => void): Promise<never> {
  for (;;) {
    const session = await context.open('takes a slot for a moment');
    if (session === null) {
      onRefused();
      await pause(context, AGAIN_MS.from, AGAIN_MS.to);
      continue;
    }
    const seconds = HOLD_SECONDS.least + context.random() * HOLD_SECONDS.spread;
    const rows = await session.run(`SELECT ${context.dialect.sleep(seconds)}`);
    if (rows !== null) context.worked();
    await session.close();
  }
}

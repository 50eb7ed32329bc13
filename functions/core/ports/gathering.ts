import { composeGathered, gatheredOf } from '../messages/gathered.ts';
import type { Message } from '../messages/message.ts';
import { MOST_ALONE } from '../record/notice.ts';
import type { IncidentStore } from './incident-store.ts';
import type { Notifier } from './outside.ts';

type Store = Pick<IncidentStore, 'gathered'>;

/** A question's link is in its message alone; and what tells of others does not wait for itself. */
const ALWAYS_ALONE: ReadonlySet<string> = new Set(['approval', 'gathered']);

/**
 * A notifier that lets a few notices of each severity out in a minute and gathers the others, so that a fleet in trouble
 * sends one message rather than hundreds. People go on to hear by itself of an incident of which they have heard so. A
 * notice that cannot be gathered goes out.
 */
export function gathering(notifier: Notifier, { gathered }: Store, now: () => number): Notifier {
  return {
    async publish(message) {
      if (ALWAYS_ALONE.has(message.attributes.notice)) return notifier.publish(message);
      const isKept = await keepIfMany(message, gathered, now()).catch(() => false);
      return isKept ? 'gathered' : notifier.publish(message);
    },
  };
}

async function keepIfMany(message: Message, gathered: Store['gathered'], at: number): Promise<boolean> {
  const notice = gatheredOf(message, at);
  if (await gathered.admit(notice, MOST_ALONE)) return false;
  await gathered.keep(notice);
  return true;
}

/** Longer than the function that tells may run. */
const CLAIM_MS = 50_000;

interface TellDependencies {
  readonly store: Store;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/**
 * Tells of all gathered notices in one message, and forgets them when it is out: a crash in between tells twice rather
 * than never. Returns how many messages went out. Throws what the topic throws; then they are told of in a minute.
 */
export async function tellGathered({ store: { gathered }, notifier, now }: TellDependencies): Promise<number> {
  if (!(await gathered.claim(now(), now() + CLAIM_MS))) return 0;
  try {
    const notices = await gathered.all();
    if (notices.length === 0) return 0;
    await notifier.publish(composeGathered(notices, now()));
    await gathered.forget(notices);
    return 1;
  } finally {
    await gathered.release();
  }
}

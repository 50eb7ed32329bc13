import { arrivedOf } from '../../functions/core/channels/told.ts';
import { build, howToStopAll } from '../../functions/core/messages/form/build.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { utc } from '../../functions/core/words/in-words.ts';
import { sha256 } from '../../functions/core/words/sha256.ts';
import { type Channel, type Notice } from './deliver.ts';

/** Brings notices to people by every channel there is. */
export interface Courier {
  /**
   * Delivers a notice by every channel that has not taken it yet: one that is sent again goes only where it failed.
   * Throws with the reasons of those that failed, after all were tried.
   */
  deliver(notice: Notice): Promise<void>;
}

/** Longer than whoever sends a notice waits before the next try. */
const REMEMBERED_MS = 20 * 60_000;
/** A slow channel may take a notice after its sender has lost patience and sent it once more. */
const DONE_MS = 60_000;

interface Taken {
  readonly by: Set<Channel>;
  readonly at: number;
}

/** A channel that fails is itself reported by the others, once until it works again. */
export function createCourier(channels: readonly Channel[]): Courier {
  const taken = new Map<string, Taken>();
  const broken = new Set<Channel>();

  const takersOf = (notice: Notice): Set<Channel> => {
    const now = Date.now();
    for (const [key, { at, by }] of taken) {
      if (now - at > (by.size < channels.length ? REMEMBERED_MS : DONE_MS)) taken.delete(key);
    }
    const key = keyOf(notice);
    const by = taken.get(key)?.by ?? new Set();
    taken.set(key, { by, at: now });
    return by;
  };

  const report = async (channel: Channel, reason: string, notice: Notice): Promise<void> => {
    if (broken.has(channel)) return;
    broken.add(channel);
    const others = channels.filter((other) => !broken.has(other));
    // Where that fails too, the notice's own failure says so.
    await Promise.allSettled(others.map((other) => other.send(brokenNotice(channel, reason, notice))));
  };

  return {
    async deliver(notice) {
      const takers = takersOf(notice);
      const owing = channels.filter((channel) => !takers.has(channel));
      const tried = await Promise.all(
        owing.map(async (channel) => ({ channel, reason: await tryOn(channel, notice) })),
      );
      for (const { channel, reason } of tried) {
        if (reason !== null) continue;
        takers.add(channel);
        broken.delete(channel);
      }
      const reasons: string[] = [];
      for (const { channel, reason } of tried) {
        if (reason === null) continue;
        reasons.push(reason);
        await report(channel, reason, notice);
      }
      if (reasons.length > 0) throw new Error(reasons.join('; '));
    },
  };
}

/** Why the channel does not take the notice; null when it does. */
async function tryOn(channel: Channel, notice: Notice): Promise<string | null> {
  return channel.send(notice).then(() => null, errorWords);
}

/**
 * A notice is composed anew each time that it is sent, and is the same for people. A question has a link of its own
 * each time.
 */
function keyOf({ subject, body, attributes: { incidentId, target, notice } }: Notice): string {
  if (notice === 'approval') return sha256(body);
  return [target, notice, incidentId ?? '', incidentId ? '' : subject.replace(/\d+/g, '')].join(' ');
}

function brokenNotice({ name }: Channel, reason: string, { subject, attributes }: Notice): Notice {
  const target = attributes['target'] ?? 'unknown';
  const message = build({
    target,
    clauses: [`notices do not arrive by ${name}`],
    sections: [
      ['Do', [`repair ${name} in the configuration; npx --no headroom doctor --notify sends a test notice`]],
      ['Affects', [`whoever is told by ${name} alone: no notice arrives there, since ${utc(Date.now())} or before`]],
      ['Why', [reason]],
      ['Lost', [`${subject}: it is sent again there, within bounds`]],
      howToStopAll(),
    ],
    json: { notice: 'undelivered', severity: 'warning', target, channel: name, reason, undelivered: subject },
    attributes: { severity: 'warning', outcome: 'undelivered', target, incidentId: '', notice: 'undelivered' },
  });
  return arrivedOf(message);
}

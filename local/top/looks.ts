import { setTimeout as delay } from 'node:timers/promises';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { Before } from '../../functions/core/usual/find-usual.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { printable } from '../../functions/core/words/printable.ts';
import type { CommandedWorker } from '../installation/deployed-worker.ts';
import { drawPicture, type Picture } from './picture.ts';

/** What a look needs of where it is taken. */
export interface Viewpoint {
  readonly settings: TargetSettings;
  readonly worker: Pick<CommandedWorker, 'snapshot'>;
  readonly before: Before;
}

/** A server that does not answer must not freeze the screen. */
const LOOK_MS = 5_000;
/** At most this share of the time, so that a slow server has nothing to suffer. */
const SHARE = 0.1;

/**
 * Looks through the worker's one session, with the rights and the reserved slot that it has. Returns a function that
 * takes one look; it never throws. A server that lets nobody in is a picture too.
 */
export function lookFrom({ settings, worker, before }: Viewpoint): () => Promise<Picture> {
  let refusedBefore: number | null = null;
  const { triggerPercent, reliefPercent } = settings.policy;
  return async () => {
    const at = Date.now();
    const taken = () => ({ at, tookMs: Date.now() - at, target: settings.id });
    try {
      const request = { deadline: at + LOOK_MS, patienceMs: 0, routine: true };
      const answer = await worker.snapshot(settings, request);
      if (!answer.ok) return { ...taken(), result: 'unseen', why: whyOf(answer.refusal) };
      const picture = drawPicture(answer.snapshot, taken(), { before, triggerPercent, reliefPercent, refusedBefore });
      refusedBefore ??= answer.snapshot.activity.loginsRefused;
      return picture;
    } catch (error) {
      return { ...taken(), result: 'unseen', why: printable(errorWords(error), 300) };
    }
  };
}

function whyOf({ kind, message }: { readonly kind: string; readonly message: string }): string {
  return printable(`${kind}: ${message}`, 300);
}

/** Looks again and again until the signal, `everyMs` apart or more; further apart where a look takes long. */
export async function keepLooking(
  look: () => Promise<Picture>,
  {
    everyMs,
    signal,
    show,
  }: { readonly everyMs: number; readonly signal: AbortSignal; readonly show: (one: Picture) => Promise<void> },
): Promise<void> {
  while (!signal.aborted) {
    const one = await look();
    if (signal.aborted) return;
    await show(one);
    await pause(Math.max(everyMs, one.tookMs / SHARE) - one.tookMs, signal);
  }
}

/** Shows what was recorded, as far apart as it was, at most two seconds. */
export async function replay(
  pictures: readonly Picture[],
  { signal, show }: { readonly signal: AbortSignal; readonly show: (one: Picture) => Promise<void> },
): Promise<void> {
  let shownAt: number | null = null;
  for (const one of pictures) {
    if (shownAt !== null) await pause(Math.min(MOST_APART_MS, Math.max(0, one.at - shownAt)), signal);
    if (signal.aborted) return;
    await show(one);
    shownAt = one.at;
  }
}

const MOST_APART_MS = 2_000;

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

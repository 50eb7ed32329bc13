import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { dispatchResult, type DispatchResult } from '../../functions/core/protocol/steps.ts';
import type { Crossing } from '../../functions/core/sampler/levels.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import type { Target } from '../../lib/config/schema.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';
import type { Line } from '../terminal/narrator.ts';

interface WatchedTargetOptions {
  readonly runtime: LocalRuntime;
  readonly everyMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly onSample: (sample: StoredSample, crossing: Crossing | null) => void;
  /** An incident of the target is open. */
  readonly onIncident: (incidentId: string) => void;
  readonly onLine: (line: Line) => void;
}

/** As in AWS. */
const RECONCILE_MS = 60_000;

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
/** The outline of what the sampler answers; what is inside was written by the same version of it. */
const answer = z.object({
  samples: z.array(z.custom<StoredSample>(isObject)),
  crossing: z.nullable(z.custom<Crossing>(isObject)),
  dispatched: z.nullable(dispatchResult),
});

/** Samples a target until the signal. No failure ends it: a server that is away may come back. */
export async function watchTarget(target: Target, options: WatchedTargetOptions): Promise<void> {
  const { runtime, everyMs, signal, onLine } = options;
  let reconciledAt = -RECONCILE_MS;
  let lastKey = '';
  const sayChange = (kind: Line['kind'], text: string, key = text): void => {
    if (key === lastKey || signal.aborted) return;
    lastKey = key;
    onLine({ at: Date.now(), kind, text: `${target.id}: ${text}` });
  };

  const sampleOnce = async (): Promise<void> => {
    const { samples, crossing, dispatched } = answer.parse(await runtime.sample(target.id));
    for (const sample of samples) {
      options.onSample(sample, crossing);
      if (sample.result !== 'busy') {
        sayChange(
          isWell(sample, crossing) ? 'good' : 'bad',
          sampleInWords(sample, crossing),
          stateOf(sample, crossing),
        );
      }
    }
    if (dispatched !== null) follow(dispatched);
  };
  const follow = (dispatched: DispatchResult): void => {
    if (!('incidentId' in dispatched))
      sayChange('bad', `opened no incident (${dispatched.result}): ${dispatched.reason}`);
    else if (dispatched.result !== 'handled') options.onIncident(dispatched.incidentId);
  };
  const reconcile = async (): Promise<void> => {
    if (performance.now() - reconciledAt < RECONCILE_MS) return;
    reconciledAt = performance.now();
    await runtime.reconcile(target.id);
    const open = await runtime.store.incidents.openOf(target.id);
    if (open !== null) options.onIncident(open.id);
  };

  for (let due = Date.now(); !signal.aborted; due = Math.max(due + everyMs, Date.now())) {
    await delay(Math.max(0, due - Date.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    for (const turn of [sampleOnce, reconcile]) {
      await turn().catch((error: unknown) => sayChange('bad', errorWords(error)));
    }
  }
}

function isWell({ result, canary }: StoredSample, crossing: Crossing | null): boolean {
  return result === 'seen' && crossing === null && (canary === 'admitted' || canary === 'unknown');
}

/** The line is printed again only when this changes. */
function stateOf({ result, refused, canary }: StoredSample, crossing: Crossing | null): string {
  return [result, refused, canary, crossing?.level].join();
}

function sampleInWords(sample: StoredSample, crossing: Crossing | null): string {
  const { result, refused, canary, usage, used, usable, detail } = sample;
  if (result === 'refused') return `not let in: ${refused}: ${detail}`;
  if (result !== 'seen') return `the worker gives no answer: ${detail}`;
  const clients = canary === 'admitted' ? 'admitted' : canary === 'unknown' ? 'unknown' : `refused as ${canary}`;
  const level = crossing === null ? '' : `; ${crossing.level}`;
  return `usage ${percent(usage ?? 0)} (${used} of ${usable} usable slots), ordinary clients: ${clients}${level}`;
}

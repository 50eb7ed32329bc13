import { parseAnswer } from '../../functions/aws/clients/worker-answer.ts';
import type { Context } from '../../functions/core/cause/facts.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { SnapshotAnswer } from '../../functions/core/protocol/worker.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { readContext } from '../../functions/diagnose/read-context.ts';
import type { LocalRuntime } from '../../local/runtime/runtime.ts';

/** What the first diagnosis of an incident is about to see. */
export interface FirstSnapshot {
  readonly settings: TargetSettings;
  readonly snapshot: Snapshot;
  readonly context: Context;
}

const PATIENCE_MS = 5_000;
/** There is no control plane to ask here. */
const NO_SURROUNDINGS = {
  masterUser: () => Promise.resolve(null),
  changes: () => Promise.resolve([]),
  connections: () => Promise.resolve([]),
  freeMemory: () => Promise.resolve(null),
};

/**
 * Takes a snapshot as a diagnosis does, a moment before it: the same worker, the same history. Throws when the worker
 * is not let in.
 */
export async function takeFirstSnapshot(
  { invoke, store }: Pick<LocalRuntime, 'invoke' | 'store'>,
  settings: TargetSettings,
): Promise<FirstSnapshot> {
  const deadline = Date.now() + 2 * PATIENCE_MS;
  const request = { schema: SCHEMA, kind: 'snapshot', deadline, patienceMs: PATIENCE_MS };
  const answer = parseAnswer<SnapshotAnswer>(settings.worker, await invoke(settings.worker, request), 'snapshot');
  if (!answer.ok) throw new Error(`the worker is not let in: ${answer.refusal.message}`);
  const context = await readContext(settings, { store, surroundings: NO_SURROUNDINGS, now: Date.now });
  return { settings, snapshot: answer.snapshot, context };
}

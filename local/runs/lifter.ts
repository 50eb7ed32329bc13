import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { CallRefused } from '../../functions/core/protocol/errors.ts';
import { commandFor } from '../../functions/core/words/commands.ts';
import type { Owner } from '../records/owner.ts';

/** Where a limit is to be set. */
interface Place {
  readonly isOnAws: boolean;
  readonly store: Pick<IncidentStore, 'targets' | 'samples'>;
  /** The process that has the local records open; null for none but this one. */
  readonly owner: Owner | null;
}

/** The tick, which has limits lifted too, has every target sampled each minute. */
const SILENT_MS = 5 * 60_000;

/**
 * Who lifts a limit of this target when its time is over, in words. Throws CallRefused, with what to do, where nobody
 * would: a limit must not outlive the process that has set it.
 */
export async function findLifter(
  target: TargetSettings,
  { isOnAws, store, owner }: Place,
  now: number,
): Promise<string> {
  const { id } = target;
  if (!isOnAws) {
    if (owner?.watch?.targets.includes(id) === true) return `${owner.command} (pid ${owner.pid})`;
    throw new CallRefused(
      `no watch of ${id} has these records open, so nobody would lift a limit when its time is over; ` +
        `start one first, and leave it running: ${commandFor('watch', target)}`,
    );
  }
  if ((await store.targets.rowOf(id)) === null) {
    throw new CallRefused(`the installation does not look after ${id}, so nobody would lift a limit: deploy it first`);
  }
  if ((await store.samples.since(id, now - SILENT_MS)).length === 0) {
    throw new CallRefused(
      `the installation has not looked at ${id} for ${SILENT_MS / 60_000} min, so nobody would lift a limit: ` +
        'see the alarm tick-silent and docs/runbook.md',
    );
  }
  return 'the reconciler';
}

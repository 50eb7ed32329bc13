import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { fullPause, type Pause } from '../../functions/core/policy/pause.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import type { FiguredTarget, RecordedState } from './figures.ts';

/** The records, as far as the site shows them. */
export type ShownRecords = Pick<IncidentStore, 'incidents' | 'pauses' | 'samples'>;

/** What the page shows of one target. */
export interface TargetView extends FiguredTarget {
  /** Of the last hours, oldest first. */
  readonly samples: readonly StoredSample[];
  readonly pause: Pause | null;
  /** The open one first, then the newest. */
  readonly incidents: readonly Incident[];
}

/** How far back the page looks. */
export const SHOWN_MS = 6 * 3_600_000;
const MOST_INCIDENTS = 5;

export async function readOverview(
  targets: readonly FiguredTarget[],
  records: ShownRecords,
  now: number,
): Promise<TargetView[]> {
  return Promise.all(
    targets.map(async (target) => {
      const [samples, pauses, open, latest] = await Promise.all([
        records.samples.since(target.id, now - SHOWN_MS),
        records.pauses.on(target.id),
        records.incidents.openOf(target.id),
        records.incidents.listByTarget(target.id, MOST_INCIDENTS),
      ]);
      const others = latest.filter(({ id }) => id !== open?.id);
      return { ...target, samples, pause: fullPause(pauses), incidents: open === null ? others : [open, ...others] };
    }),
  );
}

/** What figures tell of the records. */
export async function readStates(targets: readonly FiguredTarget[], records: ShownRecords): Promise<RecordedState[]> {
  return Promise.all(
    targets.map(async ({ id }) => ({
      target: id,
      hasOpenIncident: (await records.incidents.openOf(id)) !== null,
      isPaused: fullPause(await records.pauses.on(id)) !== null,
    })),
  );
}

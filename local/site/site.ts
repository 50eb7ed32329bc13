import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { readVersion } from '../../lib/house/package.ts';
import { createWatchFigures, type FiguredTarget, type WatchFigures } from './figures.ts';
import { readOverview, readStates, type ShownRecords } from './overview.ts';
import { noPage, overviewPage } from './page.ts';
import type { Site } from './server.ts';

/** What a watch serves of its targets. */
export interface WatchSite extends Site {
  readonly figures: WatchFigures;
  /** Before that there are figures, and a page that says to wait. */
  readonly readFrom: (records: ShownRecords) => void;
}

export function createSite({ targets: configured, commands }: Pick<HeadroomConfig, 'targets' | 'commands'>): WatchSite {
  const targets = configured.map(({ id, engine, mode, policy }): FiguredTarget => {
    const { triggerPercent, reliefPercent } = policy;
    return { id, engine, mode, triggerPercent, reliefPercent };
  });
  const figures = createWatchFigures(targets, readVersion());
  let records: ShownRecords | null = null;
  return {
    figures,
    readFrom: (opened) => void (records = opened),
    metrics: () => figures.text(() => (records === null ? Promise.resolve([]) : readStates(targets, records))),
    async page() {
      const now = Date.now();
      if (records === null) return noPage('The records are not open yet. Reload the page in a moment.').toString();
      return overviewPage(await readOverview(targets, records, now), { now, commands }).toString();
    },
  };
}

import type { Acts } from '../../core/ports/stores/acts.ts';
import { ActRepeated } from '../../core/protocol/errors.ts';
import type { Act, ActLimit, ActTally, VictimRecord } from '../../core/record/act.ts';
import { clipBytes, jsonBytes } from '../process/fit.ts';
import { expiresAt, incidentPk, KEEP_RECORDS_DAYS, KEEP_TALLIES_DAYS, ordinal, targetPk } from './table/items.ts';
import { readable, recordIn } from './table/readable.ts';
import { putItem, putNewItem, queryPrefix, querySince, type Item, type TableAccess } from './table/table.ts';

/** Bytes of victims per item; DynamoDB takes 400 KB in all. */
const PAGE_BYTES = 300_000;
/** Bytes of one text of a victim; names of PostgreSQL have at most 63. */
const TEXT_BYTES = 512;
/** What the result of a victim adds to it later. The pages of an act must not move when its results come in. */
const RESULT_BYTES = TEXT_BYTES + 64;

const ACT = 'ACT#';
const TALLY = 'ACTED#';

export function createActs(table: TableAccess): Acts {
  return {
    /**
     * First page, further pages, tally. The first page is the claim: whoever finds it taken must not act. All are
     * written before a session is ended, so a crash in between leaves an act on record that ended no session.
     */
    async start(targetId, act) {
      const [first, ...others] = pageItems(act);
      if (!(await putNewItem(table, first))) throw new ActRepeated(act.incidentId, act.round);
      await putAll(table, [...others, tallyItem(targetId, act)]);
    },

    /**
     * Further pages, tally, first page. The first page says that the act is finished, so a crash before it leaves an
     * act that the next diagnosis finishes, and until the tally is written the act counts as it did when it started.
     */
    async finish(targetId, act) {
      const [first, ...others] = pageItems(act);
      await putAll(table, [...others, tallyItem(targetId, act), first]);
    },

    of: async (incidentId) => actsOf(await queryPrefix(table, incidentPk(incidentId), ACT)),

    async tallies(targetId, since) {
      const items = await querySince(table, targetPk(targetId), TALLY, new Date(since).toISOString());
      return readable(items, (item) => recordIn<ActTally>(item, 'tally', ['round', 'startedAt', 'counted']));
    },
  };
}

async function putAll(table: TableAccess, items: readonly Item[]): Promise<void> {
  for (const item of items) await putItem(table, item);
}

function tallyItem(targetId: string, act: Act): Item {
  return {
    pk: targetPk(targetId),
    sk: `${TALLY}${new Date(act.startedAt).toISOString()}#${act.incidentId}#${ordinal(act.round, 4)}`,
    tally: tallyOf(act),
    expiresAt: expiresAt(act.startedAt, KEEP_TALLIES_DAYS),
  };
}

function tallyOf({ incidentId, round, tier, startedAt, finishedAt, counted }: Act): ActTally {
  return { incidentId, round, tier, startedAt, finishedAt, counted };
}

/** Victims of earlier versions have no client. */
type StoredVictim = Omit<VictimRecord, 'client'> & Partial<Pick<VictimRecord, 'client'>>;

interface ActPage {
  readonly page: number;
  readonly act: ActTally;
  readonly victims: readonly StoredVictim[];
  /** The limit, on the first page. Acts of earlier versions have none. */
  readonly cap?: ActLimit | null;
}

function actsOf(items: readonly Item[]): Act[] {
  const pages = items.map((item) => item as ActPage);
  return pages
    .filter(({ page }) => page === 0)
    .map(({ act, cap }) => ({
      ...act,
      limit: cap ?? null,
      victims: pages.filter((page) => page.act.round === act.round).flatMap(({ victims }) => victims.map(toVictim)),
    }));
}

function toVictim(stored: StoredVictim): VictimRecord {
  return { ...stored, client: stored.client ?? null };
}

/** At least one: an act without victims has a first page too. */
function pageItems(act: Act): [Item, ...Item[]] {
  const [first = [], ...others] = pagesOf(act.victims);
  const item = (victims: readonly VictimRecord[], page: number): Item => ({
    pk: incidentPk(act.incidentId),
    sk: `${ACT}${ordinal(act.round, 4)}#${ordinal(page, 4)}`,
    page,
    act: tallyOf(act),
    victims,
    ...(page === 0 && { cap: act.limit && clipLimit(act.limit) }),
    expiresAt: expiresAt(act.startedAt, KEEP_RECORDS_DAYS),
  });
  return [item(first, 0), ...others.map((victims, index) => item(victims, index + 1))];
}

function pagesOf(victims: readonly VictimRecord[]): VictimRecord[][] {
  const pages: VictimRecord[][] = [[]];
  let bytes = 0;
  for (const victim of victims.map(clipVictim)) {
    const size = jsonBytes({ ...victim, result: null, detail: '' }) + RESULT_BYTES;
    if (bytes + size > PAGE_BYTES) {
      pages.push([]);
      bytes = 0;
    }
    pages.at(-1)?.push(victim);
    bytes += size;
  }
  return pages;
}

function clipVictim(victim: VictimRecord): VictimRecord {
  const clip = (text: string) => clipBytes(text, TEXT_BYTES);
  return {
    ...victim,
    user: victim.user === null ? null : clip(victim.user),
    application: clip(victim.application),
    database: victim.database === null ? null : clip(victim.database),
    client: victim.client === null ? null : clip(victim.client),
    reason: clip(victim.reason),
    detail: clip(victim.detail),
  };
}

function clipLimit(limit: ActLimit): ActLimit {
  return { ...limit, reason: clipBytes(limit.reason, TEXT_BYTES), detail: clipBytes(limit.detail, TEXT_BYTES) };
}

import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { ActRepeated } from '../../core/protocol/errors.ts';
import type { Act, ActLimit, ActTally, VictimRecord } from '../../core/record/act.ts';
import type { Round } from '../../core/record/round.ts';
import { clipBytes, fit, jsonBytes } from '../process/fit.ts';
import { expiresAt, KEEP_RECORDS_DAYS, KEEP_TALLIES_DAYS, ordinal, summaryOf } from './table/items.ts';
import { queryAll, unlessConditionFails, type IncidentTable, type Item, type Key } from './table/table.ts';

/** Bytes of victims per item; DynamoDB takes 400 KB in all. */
const PAGE_BYTES = 300_000;
/** Bytes of one text of a victim; names of PostgreSQL have at most 63. */
const TEXT_BYTES = 512;
/** What the result of a victim adds to it later. The pages of an act must not move when its results come in. */
const RESULT_BYTES = TEXT_BYTES + 64;
const ROUND_BYTES = 300_000;

const incidentPk = (incidentId: string) => `INCIDENT#${incidentId}`;
const actSk = (round: number, page: number) => `ACT#${ordinal(round, 4)}#${ordinal(page, 4)}`;

export async function putRound({ client, table }: IncidentTable, round: Round): Promise<void> {
  const key: Key = { pk: incidentPk(round.incidentId), sk: `ROUND#${ordinal(round.round, 4)}` };
  const item = { ...key, round: fit(round, ROUND_BYTES), expiresAt: expiresAt(round.at, KEEP_RECORDS_DAYS) };
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

export async function readRounds(table: IncidentTable, incidentId: string): Promise<Round[]> {
  const items = await queryPrefix(table, incidentPk(incidentId), 'ROUND#');
  return items.map((item) => {
    const { round } = item as { readonly round: Round };
    return round.question ? { ...round, question: summaryOf(round.question) } : round;
  });
}

/**
 * First page, further pages, tally. The first page is the claim: whoever finds it taken must not act. Nothing is ended
 * before all are written, so a crash in between leaves an act on record that ended nobody.
 */
export async function startAct(table: IncidentTable, targetId: string, act: Act): Promise<void> {
  const [first, ...others] = actItems(act);
  const isFirstAct = 'attribute_not_exists(pk)';
  const claimed = await unlessConditionFails(
    table.client.send(new PutCommand({ TableName: table.table, Item: first, ConditionExpression: isFirstAct })),
  );
  if (claimed === null) throw new ActRepeated(act.incidentId, act.round);
  await putAll(table, [...others, tallyItem(targetId, act)]);
}

/**
 * Further pages, tally, first page. The first page says that the act is finished, so a crash before it leaves an act that
 * the next diagnosis finishes, and until the tally is written the act counts as it did when it started.
 */
export async function finishAct(table: IncidentTable, targetId: string, act: Act): Promise<void> {
  const [first, ...others] = actItems(act);
  await putAll(table, [...others, tallyItem(targetId, act), first]);
}

export async function readActs(table: IncidentTable, incidentId: string): Promise<Act[]> {
  const pages = (await queryPrefix(table, incidentPk(incidentId), 'ACT#')).map((item) => item as ActPage);
  return pages
    .filter((page) => page.page === 0)
    .map(({ act, cap }) => ({
      ...act,
      // Records of earlier versions have none.
      limit: cap ?? null,
      victims: pages.filter((page) => page.act.round === act.round).flatMap((page) => page.victims),
    }));
}

export async function readTallies(table: IncidentTable, targetId: string, since: number): Promise<ActTally[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :since AND :end',
    ExpressionAttributeValues: {
      ':pk': `TARGET#${targetId}`,
      ':since': `${TALLY}${new Date(since).toISOString()}`,
      ':end': `${TALLY}~`,
    },
    ConsistentRead: true,
  });
  return items.map((item) => (item as { readonly tally: ActTally }).tally);
}

const TALLY = 'ACTED#';

function tallyItem(targetId: string, act: Act): Item {
  return {
    pk: `TARGET#${targetId}`,
    sk: `${TALLY}${new Date(act.startedAt).toISOString()}#${act.incidentId}#${ordinal(act.round, 4)}`,
    tally: tallyOf(act),
    expiresAt: expiresAt(act.startedAt, KEEP_TALLIES_DAYS),
  };
}

function tallyOf({ incidentId, round, tier, startedAt, finishedAt, counted }: Act): ActTally {
  return { incidentId, round, tier, startedAt, finishedAt, counted };
}

interface ActPage {
  readonly page: number;
  readonly act: ActTally;
  readonly victims: readonly VictimRecord[];
  /** The limit, on the first page. */
  readonly cap?: ActLimit | null;
}

/** At least one: an act without victims has a first page too. */
function actItems(act: Act): [Item, ...Item[]] {
  const [first = [], ...others] = pagesOf(act.victims);
  const item = (victims: readonly VictimRecord[], page: number): Item => ({
    pk: incidentPk(act.incidentId),
    sk: actSk(act.round, page),
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
    reason: clip(victim.reason),
    detail: clip(victim.detail),
  };
}

function clipLimit(limit: ActLimit): ActLimit {
  return { ...limit, reason: clipBytes(limit.reason, TEXT_BYTES), detail: clipBytes(limit.detail, TEXT_BYTES) };
}

async function putAll({ client, table }: IncidentTable, items: readonly Item[]): Promise<void> {
  for (const item of items) await client.send(new PutCommand({ TableName: table, Item: item }));
}

function queryPrefix(table: IncidentTable, pk: string, prefix: string): Promise<Item[]> {
  return queryAll(table, {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    ConsistentRead: true,
  });
}

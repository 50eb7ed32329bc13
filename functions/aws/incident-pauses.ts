import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Pause } from '../core/incident.ts';
import { storedField, pauseKey } from './incident-items.ts';
import type { IncidentTable } from './incident-table.ts';
import { readItem } from './incident-table.ts';

/** Stands for every target. */
export const ALL_TARGETS = '*';

/** The target's own pause, else the one on all targets. A pause that has run out is none. */
export async function readPause(table: IncidentTable, targetId: string, now: number): Promise<Pause | null> {
  const [own, global] = await Promise.all([targetId, ALL_TARGETS].map((id) => readItem(table, pauseKey(id))));
  for (const item of [own, global]) {
    const pause = item && (item as { readonly pause: Pause }).pause;
    if (pause && (pause.until === null || pause.until > now)) return pause;
  }
  return null;
}

export async function putPause({ client, table }: IncidentTable, pause: Pause): Promise<void> {
  const item = { ...pauseKey(pause.targetId), pause: storedField(pause) };
  await client.send(new PutCommand({ TableName: table, Item: item }));
}

export async function deletePause({ client, table }: IncidentTable, targetId: string): Promise<void> {
  await client.send(new DeleteCommand({ TableName: table, Key: pauseKey(targetId) }));
}

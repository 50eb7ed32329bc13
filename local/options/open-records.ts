import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createIncidentStore } from '../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { namesOf } from '../../lib/house/names.ts';
import { installedClientConfig } from '../installation/client-config.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { RecordsInUse, type Owner } from '../records/owner.ts';
import { openRecords } from '../records/records.ts';
import type { OnAws } from './where.ts';

/** Incident records, wherever they are. */
export interface OpenRecords {
  readonly store: IncidentStore;
  /** The other process that has the local records open; null where it is this one, and on AWS. */
  readonly owner: Owner | null;
  close(): Promise<void>;
}

/**
 * The records of local runs in a folder, which is made when it is not there. While a run has them open they are reached
 * through that run, so that it can be paused and watched from another terminal.
 */
export async function openLocalRecords(folder: string, prefix: string): Promise<OpenRecords> {
  try {
    const records = await openRecords(prefix, folder);
    return { store: records.store, owner: null, close: () => records.stop() };
  } catch (error) {
    if (!(error instanceof RecordsInUse)) throw error;
    if (error.owner === null) throw error;
    const client = new DynamoDBClient(localClientConfig(error.owner.url, error.owner));
    return { ...openTable(client, prefix), owner: error.owner };
  }
}

/** The incident table on AWS, with the credentials of its profile or those that the SDK finds. */
export function openAwsRecords(where: OnAws): OpenRecords {
  return { ...openTable(new DynamoDBClient(installedClientConfig(where)), where.prefix), owner: null };
}

function openTable(client: DynamoDBClient, prefix: string): Omit<OpenRecords, 'owner'> {
  return {
    store: createIncidentStore({ client: DynamoDBDocumentClient.from(client), table: namesOf(prefix).table }),
    close: () => Promise.resolve(client.destroy()),
  };
}

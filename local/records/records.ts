import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createIncidentStore } from '../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { localClientConfig } from '../machine/client-config.ts';
import type { TableDefinition } from '../synthesis/cloud-assembly.ts';
import { startDynamoDb } from './dynamodb.ts';

/** The incident store on this machine. */
export interface Records {
  readonly store: IncidentStore;
  /** Of the DynamoDB that has it. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Opens the records of local runs, to read them or to pause a target. Throws RecordsInUse while a run has them open.
 */
export async function openRecords(prefix: string, folder: string): Promise<Records> {
  // Loads the CDK, which nothing else here needs.
  const { synthesizeTable } = await import('../synthesis/synthesized-table.ts');
  return startRecords(synthesizeTable(prefix), folder);
}

/**
 * Opens the records with the table as the stack defines it; a null `folder` keeps them in memory. `isLasting`: for
 * longer than one command takes.
 */
export async function startRecords(table: TableDefinition, folder: string | null, isLasting = false): Promise<Records> {
  const database = await startDynamoDb(table, folder, isLasting);
  const client = new DynamoDBClient(localClientConfig(database.url));
  const store = createIncidentStore({ client: DynamoDBDocumentClient.from(client), table: String(table.TableName) });
  return {
    store,
    url: database.url,
    async stop() {
      client.destroy();
      await database.stop();
    },
  };
}

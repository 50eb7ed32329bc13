import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod/mini';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import { readPrivateFile, takePrivateFolder, writePrivateFile } from '../machine/private-folder.ts';
import { requireRunKey, RUN_KEY, type RunKey } from '../machine/run-key.ts';
import type { TableDefinition } from '../synthesis/cloud-assembly.ts';

/** Another process has the records folder open. */
export class RecordsInUse extends Error {
  constructor(folder: string, options?: ErrorOptions) {
    super(`another run of Headroom uses the records in ${folder}; wait for it to end, or name another folder`, options);
    this.name = 'RecordsInUse';
  }
}

/**
 * Starts a DynamoDB on loopback that has the table. Records stay in `folder`; null keeps them in memory. One process at
 * a time can have a folder open: throws RecordsInUse.
 */
export async function startDynamoDb(table: TableDefinition, folder: string | null): Promise<LoopbackServer> {
  const unlock = folder === null ? null : await lockFolder(resolve(folder));
  try {
    const server = dynalite({
      createTableMs: 0,
      ...(folder === null ? {} : { path: join(resolve(folder), 'dynamodb') }),
    });
    ignoreBrokenRequests(server);
    requireRunKey(server);
    const listening = await serveLoopback(server);
    await ensureTable(listening.url, table).catch(async (error: unknown) => {
      await listening.stop();
      throw error;
    });
    if (folder !== null) await writeEndpoint(folder, listening.url);
    return {
      url: listening.url,
      async stop() {
        if (folder !== null) await rm(endpointFile(folder), { force: true });
        await setTimeout(LAST_REQUESTS_MS);
        await listening.stop();
        await unlock?.();
      },
    };
  } catch (error) {
    await unlock?.();
    throw error;
  }
}

/** Where a process that has the folder open says how to reach its records. */
export function endpointFile(folder: string): string {
  return join(resolve(folder), 'endpoint');
}

const endpoint = z.object({ url: z.string(), accessKeyId: z.string(), secretAccessKey: z.string() });

async function writeEndpoint(folder: string, url: string): Promise<void> {
  await writePrivateFile(endpointFile(folder), JSON.stringify({ url, ...RUN_KEY }));
}

/**
 * How to reach the records of the process that has the folder open; null when it does not say. May be left over from
 * one that was killed.
 */
export async function readEndpoint(folder: string): Promise<{ readonly url: string; readonly key: RunKey } | null> {
  const found = endpoint.safeParse(parseJson((await readPrivateFile(endpointFile(folder))) ?? ''));
  if (!found.success) return null;
  const { url, ...key } = found.data;
  return { url, key };
}

const TABLE_LIMIT_MS = 5_000;
/**
 * dynalite may still work on a request whose caller was killed. It throws an error that nobody can catch when the
 * database closes meanwhile. No request takes longer than a few milliseconds.
 */
const LAST_REQUESTS_MS = 150;

async function ensureTable(endpoint: string, table: TableDefinition): Promise<void> {
  const client = new DynamoDBClient(localClientConfig(endpoint));
  try {
    const { TableNames: names = [] } = await client.send(new ListTablesCommand({}));
    if (!names.includes(String(table.TableName))) await client.send(new CreateTableCommand(table));
    const end = Date.now() + TABLE_LIMIT_MS;
    while (!(await isActive(client, table))) {
      if (Date.now() > end)
        throw new Error(`the table ${String(table.TableName)} is not ready after ${TABLE_LIMIT_MS} ms`);
      await setTimeout(5);
    }
  } finally {
    client.destroy();
  }
}

async function isActive(client: DynamoDBClient, { TableName }: TableDefinition): Promise<boolean> {
  const { Table: described } = await client.send(new DescribeTableCommand({ TableName }));
  return described?.TableStatus === 'ACTIVE';
}

/**
 * LevelDB's lock ends with the process that holds it, however that ends. dynalite itself cannot say that its database
 * is taken.
 */
async function lockFolder(folder: string): Promise<() => Promise<void>> {
  interface LevelDb {
    open(): Promise<void>;
    close(): Promise<void>;
  }
  // The same LevelDB that dynalite uses.
  const require = createRequire(createRequire(import.meta.url).resolve('dynalite'));
  const { Level } = require('level') as { readonly Level: new (path: string) => LevelDb };
  await takePrivateFolder(folder, ['lock', 'dynamodb', 'endpoint']);
  const lock = new Level(join(folder, 'lock'));
  try {
    await lock.open();
  } catch (error) {
    const reason: unknown = error instanceof Error ? error.cause : undefined;
    if (reason instanceof Error && 'code' in reason && reason.code === 'LEVEL_LOCKED') {
      throw new RecordsInUse(folder, { cause: error });
    }
    throw error;
  }
  return () => lock.close();
}

/**
 * dynalite throws an error that nobody can catch when a caller dies in the middle of a request; here callers are killed
 * on purpose.
 */
function ignoreBrokenRequests(server: ReturnType<typeof dynalite>): void {
  server.prependListener('request', (request) => {
    const on = Reflect.get(request, 'on') as (event: string, listener: () => void) => unknown;
    Reflect.set(request, 'on', (event: string, listener: () => void) =>
      on.call(request, event, event === 'error' ? () => undefined : listener),
    );
  });
}

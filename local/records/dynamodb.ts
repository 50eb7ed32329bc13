import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { localClientConfig } from '../machine/client-config.ts';
import { serveLoopback, type LoopbackServer } from '../machine/loopback-server.ts';
import { takePrivateFolder } from '../machine/private-folder.ts';
import { requireRunKey } from '../machine/run-key.ts';
import type { TableDefinition } from '../synthesis/cloud-assembly.ts';
import { readOwner, RecordsInUse, removeOwner, writeOwner } from './owner.ts';
import { explainUnusable } from './unusable.ts';

/**
 * Starts a DynamoDB on loopback that has the table. Records stay in `folder`; null keeps them in memory. One process at
 * a time can have a folder open; `isLasting`: this one has it for longer than one command takes. Throws RecordsInUse,
 * after a moment where the other process is soon done, and RecordsUnusable for a folder that cannot be written.
 */
export async function startDynamoDb(
  table: TableDefinition,
  folder: string | null,
  isLasting = false,
): Promise<LoopbackServer> {
  if (folder === null) return startIn(null, table);
  const unlock = await lockFolder(resolve(folder)).catch((error: unknown) => {
    throw explainUnusable(folder, error);
  });
  try {
    // Left over from a process that was killed.
    await removeOwner(folder);
    const listening = await startIn(join(resolve(folder), 'dynamodb'), table);
    await writeOwner(folder, { url: listening.url, isLasting, watch: null });
    return {
      url: listening.url,
      async stop() {
        await removeOwner(folder);
        await listening.stop();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw explainUnusable(folder, error);
  }
}

async function startIn(path: string | null, table: TableDefinition): Promise<LoopbackServer> {
  const server = dynalite({ createTableMs: 0, ...(path !== null && { path }) });
  ignoreBrokenRequests(server);
  requireRunKey(server);
  const running = countRequests(server);
  const listening = await serveLoopback(server);
  await ensureTable(listening.url, table).catch(async (error: unknown) => {
    await listening.stop();
    throw error;
  });
  return {
    url: listening.url,
    async stop() {
      for (const end = Date.now() + LAST_REQUESTS_MS; running() > 0 && Date.now() < end;) await setTimeout(10);
      await listening.stop();
    },
  };
}

const TABLE_LIMIT_MS = 5_000;
/** Most commands have the records open for moments. */
const SOON_DONE_MS = 3_000;
/**
 * dynalite may still work on a request whose caller was killed. It throws an error that nobody can catch when the
 * database closes meanwhile. A request takes a few milliseconds; one that never came whole is not waited for longer.
 */
const LAST_REQUESTS_MS = 2_000;

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
  for (const end = Date.now() + SOON_DONE_MS; ;) {
    try {
      await lock.open();
      return () => lock.close();
    } catch (error) {
      const reason: unknown = error instanceof Error ? error.cause : undefined;
      if (!(reason instanceof Error && 'code' in reason && reason.code === 'LEVEL_LOCKED')) throw error;
      const owner = await readOwner(folder);
      if (owner?.isLasting === true || Date.now() > end) throw new RecordsInUse(folder, owner, { cause: error });
      await setTimeout(50);
    }
  }
}

/** How many requests have no answer yet, whether their callers still wait for it or not. */
function countRequests(server: ReturnType<typeof dynalite>): () => number {
  const running = new Set<object>();
  server.prependListener('request', (_, response) => {
    running.add(response);
    const answer = response.end.bind(response) as (...args: unknown[]) => unknown;
    Reflect.set(response, 'end', (...args: unknown[]) => {
      running.delete(response);
      return answer(...args);
    });
  });
  return () => running.size;
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

import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { localClientConfig } from '../../../local/machine/client-config.ts';
import { startDynamoDb } from '../../../local/records/dynamodb.ts';
import { endpointFile, RecordsInUse } from '../../../local/records/owner.ts';
import { synthesizeTable } from '../../../local/synthesis/synthesized-table.ts';
import { makeFolder, STRANGERS_KEYS } from '../workbench.ts';

const TABLE = synthesizeTable('headroom');

async function start(
  folder: string | null,
): Promise<{ client: DynamoDBClient; url: string; stop: () => Promise<void> }> {
  const database = await startDynamoDb(TABLE, folder);
  const client = new DynamoDBClient(localClientConfig(database.url));
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    client.destroy();
    return (stopping ??= database.stop());
  };
  onTestFinished(stop);
  return { client, url: database.url, stop };
}

const KEY = { pk: { S: 'TARGET#orders' }, sk: { S: 'OPEN' } };
const put = (client: DynamoDBClient) =>
  client.send(new PutItemCommand({ TableName: TABLE.TableName, Item: { ...KEY, fence: { N: '7' } } }));
const get = (client: DynamoDBClient) =>
  client.send(new GetItemCommand({ TableName: TABLE.TableName, Key: KEY, ConsistentRead: true }));

test('the table is the one of the stack, with its indexes', async () => {
  const { client } = await start(null);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'headroom-incidents' }));
  expect(Table?.KeySchema?.map(({ AttributeName }) => AttributeName)).toEqual(['pk', 'sk']);
  expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).sort()).toEqual(['byStatus', 'byTarget']);
});

test('records in a folder are there the next time, those in memory are not', async () => {
  const folder = await makeFolder();
  const first = await start(folder);
  await put(first.client);
  await first.stop();
  const second = await start(folder);
  expect((await get(second.client)).Item).toMatchObject({ fence: { N: '7' } });
  const fresh = await start(null);
  expect((await get(fresh.client)).Item).toBeUndefined();
});

test('whoever does not have the key of this run reads and writes nothing', async () => {
  const { url } = await start(null);
  for (const credentials of STRANGERS_KEYS) {
    const stranger = new DynamoDBClient({ ...localClientConfig(url), maxAttempts: 1, credentials });
    await expect(get(stranger)).rejects.toThrow();
    await expect(put(stranger)).rejects.toThrow();
  }
  const unsigned = await fetch(url, { method: 'POST', headers: { 'X-Amz-Target': 'DynamoDB_20120810.ListTables' } });
  expect(unsigned.status).toBe(403);
});

test('the folder is for its owner alone, and so is the file that says how to reach the records', async () => {
  const parent = await makeFolder();
  const folder = join(parent, 'records');
  await mkdir(folder, { mode: 0o777 });
  await chmod(folder, 0o777);
  await start(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(endpointFile(folder))).mode & 0o777).toBe(0o600);
});

test.each(['the folder itself', 'endpoint', 'lock', 'dynamodb'])('a symbolic link is refused: %s', async (name) => {
  const parent = await makeFolder();
  const elsewhere = join(parent, 'elsewhere');
  const folder = join(parent, 'records');
  if (name === 'the folder itself') {
    await mkdir(elsewhere);
    await symlink(elsewhere, folder);
  } else {
    await mkdir(folder);
    await symlink(elsewhere, join(folder, name));
  }
  await expect(start(folder)).rejects.toThrow('symbolic link');
  expect(await readdir(parent)).not.toContain(name === 'the folder itself' ? 'lock' : 'elsewhere');
});

test('one process at a time has the records open, and the next may open them once that one is gone', async () => {
  const folder = await makeFolder();
  const program = `
    const { startDynamoDb } = await import(${JSON.stringify(new URL('../../../local/records/dynamodb.ts', import.meta.url).href)});
    await startDynamoDb(${JSON.stringify(TABLE)}, ${JSON.stringify(folder)});
    console.log('open');`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void other.kill('SIGKILL'));
  await once(other.stdout, 'data');
  await expect(start(folder)).rejects.toThrow(RecordsInUse);
  await expect(start(folder)).rejects.toThrow(folder);
  other.kill('SIGKILL');
  await once(other, 'exit');
  const { client } = await start(folder);
  await put(client);
});

test('a folder that cannot be written is named with the reason, not with a stack', async () => {
  const parent = await makeFolder();
  const file = join(parent, 'file');
  await writeFile(file, '');
  await expect(start(file)).rejects.toThrow(`--records ${file} cannot be written (a file is in its place)`);
  await expect(start(join(file, 'deeper'))).rejects.toThrow('(a file is in its place): name a folder of yours');
});

test('a disk that fills up ends the run with a sentence', async () => {
  const folder = await makeFolder();
  const module = (name: string) => JSON.stringify(new URL(`../../../local/records/${name}.ts`, import.meta.url).href);
  const program = `
    const { startRecords } = await import(${module('records')});
    const { endOnUncaught } = await import(${module('unusable')});
    endOnUncaught((error) => (console.log(error.message), 4));
    const { store } = await startRecords(${JSON.stringify(TABLE)}, ${JSON.stringify(folder)});
    const pause = { targetId: 'orders', tier: null, by: 'ann', why: 'x'.repeat(20_000), at: 1, until: null };
    for (let round = 0; round < 50; round++) await store.pauses.put({ ...pause, targetId: String(round) });`;
  // No file may grow over some 100 KB, which for a write is as if the disk were full.
  const limited = `trap '' XFSZ; ulimit -f 100; exec "$0" --input-type=module -e "$1"`;
  const child = spawn('/bin/sh', ['-c', limited, process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = text(child.stdout);
  expect(await once(child, 'close')).toEqual([4, null]);
  expect(await said).toBe(
    'the records cannot be written (the disk is full): free some space, or name another folder with --records\n',
  );
});

test('a caller that dies in the middle of a request harms nobody', async () => {
  const { client, url } = await start(null);
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"half');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await put(client);
  expect((await get(client)).Item).toBeDefined();
});

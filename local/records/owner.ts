import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../../functions/core/words/parse-json.ts';
import { readPrivateFile, writePrivateFile } from '../machine/private-folder.ts';
import { RUN_KEY } from '../machine/run-key.ts';
import { utc } from '../../functions/core/words/in-words.ts';

/** The process that has a records folder open, and how others reach what it has. */
const owner = z.object({
  /** As it was typed: `headroom watch`. */
  command: z.string(),
  pid: z.number(),
  /** Epoch milliseconds. */
  since: z.number(),
  /** Of the DynamoDB with the records. */
  url: z.string(),
  /** What opens its ports. */
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  /** Whether it has them open for longer than one command takes. */
  isLasting: z.boolean(),
  /** Of a watch: its functions, and the targets that it takes alarms of. */
  watch: z.nullable(z.object({ url: z.string(), targets: z.array(z.string()) })),
});
export type Owner = z.infer<typeof owner>;

/** Another process has the records folder open. */
export class RecordsInUse extends Error {
  /** Null when it does not say who it is. */
  readonly owner: Owner | null;

  constructor(folder: string, by: Owner | null, options?: ErrorOptions) {
    super(`${whoIs(by)} uses the records in ${folder}; ${whatToDo(by)}`, options);
    this.name = 'RecordsInUse';
    this.owner = by;
  }
}

function whoIs(by: Owner | null): string {
  return by === null ? 'another run of Headroom' : `${by.command} (pid ${by.pid}, since ${utc(by.since)})`;
}

function whatToDo(by: Owner | null): string {
  if (by?.watch == null) return 'wait for it to end, or name another folder with --records';
  return `it watches ${by.watch.targets.join(', ')}; end sessions now with "headroom end", or stop it`;
}

/** Where a process that has the folder open says who it is. */
export function endpointFile(folder: string): string {
  return join(resolve(folder), 'endpoint');
}

/** Says that this process has the folder open. */
export async function writeOwner(folder: string, { url, isLasting, watch }: Claim): Promise<void> {
  const { pid, title } = process;
  const command = title.startsWith('headroom') ? title : 'another run of Headroom';
  const written: Owner = { command, pid, since: STARTED_AT, url, ...RUN_KEY, isLasting, watch };
  await writePrivateFile(endpointFile(folder), JSON.stringify(written));
}

type Claim = Pick<Owner, 'url' | 'isLasting' | 'watch'>;
const STARTED_AT = Date.now();

/** Null when nobody says. May be left over from a process that was killed. */
export async function readOwner(folder: string): Promise<Owner | null> {
  const found = owner.safeParse(parseJson((await readPrivateFile(endpointFile(folder))) ?? ''));
  return found.success ? found.data : null;
}

export async function removeOwner(folder: string): Promise<void> {
  await rm(endpointFile(folder), { force: true });
}

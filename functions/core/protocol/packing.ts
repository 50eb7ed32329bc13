import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as z from 'zod/mini';
import { BadRequest } from './errors.ts';

/**
 * Lambda passes on no request that is longer, as JSON in UTF-8, and no answer that is longer by more than a hundred
 * bytes.
 */
export const LAMBDA_BYTES = 6 * 1024 * 1024;

/** Lists up to this length stay readable. No other list of a request or an answer grows with the server. */
const SHORT = 256;
/** Items in a block: few enough that no more than a few megabytes of JSON are in memory at once. */
const BLOCK = 1_024;
/** Far more than a block of anything we send takes. */
const MOST_OF_BLOCK = 64 * 1024 * 1024;

/** As small as by gzip, in a third of its time where names share little. */
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** A long list between two functions, in blocks: each a JSON array, compressed (Brotli) and written in base64. */
const packedList = z.strictObject({ packed: z.array(z.string()) });
type PackedList = z.infer<typeof packedList>;

/**
 * A message as it goes to or from a worker. Sessions repeat each other: who they are, what they run. Compressed, 16,000
 * of them take a tenth, names of control characters included, each of which is six characters in JSON.
 */
export function pack(message: unknown): unknown {
  if (Array.isArray(message)) return message.length > SHORT ? packList(message) : message;
  return mapValues(message, pack);
}

/** What `pack` was given, as JSON keeps it. Throws BadRequest when a list cannot be read. */
export function unpack(message: unknown): unknown {
  const packed = packedList.safeParse(message);
  return packed.success ? unpackList(packed.data) : mapValues(message, unpack);
}

/** Bytes that a message takes as JSON. */
export function bytesOf(message: unknown): number {
  return Buffer.byteLength(JSON.stringify(message) ?? '');
}

function packList(list: readonly unknown[]): PackedList {
  const blocks = Array.from({ length: Math.ceil(list.length / BLOCK) }, (_, block) =>
    list.slice(block * BLOCK, (block + 1) * BLOCK),
  );
  return { packed: blocks.map((block) => brotliCompressSync(JSON.stringify(block), QUALITY).toString('base64')) };
}

function unpackList({ packed }: PackedList): unknown[] {
  return packed.flatMap(unpackBlock);
}

function unpackBlock(block: string): unknown[] {
  try {
    const bytes = brotliDecompressSync(Buffer.from(block, 'base64'), { maxOutputLength: MOST_OF_BLOCK });
    const items: unknown = JSON.parse(bytes.toString('utf8'));
    if (Array.isArray(items)) return items;
  } catch (cause) {
    throw new BadRequest('a packed list cannot be read', { cause });
  }
  throw new BadRequest('a packed list holds something else than a list');
}

function mapValues(message: unknown, change: (value: unknown) => unknown): unknown {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, change(value)]));
}

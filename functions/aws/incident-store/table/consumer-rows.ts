import { sizeOf, type ConsumerCount, type Consumers } from '../../../core/server/consumer-count.ts';
import type { Quarter, QuarterConsumer } from '../../../core/usual/profile.ts';
import { jsonBytes } from '../../process/fit.ts';

/**
 * Bytes of consumers as they are stored: one text in JSON, with a row for each. As maps of DynamoDB they would take
 * three times the space, and far longer to read: a profile has up to 27,000 of them.
 */
const MOST_BYTES = 5_000;

type CountRow = readonly [name: string, user: string, idle: number, open: number, busy: number, arrived: number | null];

/** As many of the largest as fit into MOST_BYTES; the others are summed with the rest. */
export function packConsumers({ largest, rest }: Consumers): string {
  const rows = largest.map(({ name, user, idle, open, busy, arrived }): CountRow => [
    name,
    user,
    idle,
    open,
    busy,
    arrived,
  ]);
  const left = largest.slice(fitting(rows));
  const sessions = left.reduce((sum, count) => sum + sizeOf(count), rest.sessions);
  return JSON.stringify([rows.slice(0, fitting(rows)), [rest.consumers + left.length, sessions]]);
}

export function unpackConsumers(text: string): Consumers {
  const [rows, [consumers, sessions]] = JSON.parse(text) as [CountRow[], [number, number]];
  const largest = rows.map(([name, user, idle, open, busy, arrived]): ConsumerCount => ({
    name,
    user,
    idle,
    open,
    busy,
    arrived,
  }));
  return { largest, rest: { consumers, sessions } };
}

type QuarterRow = readonly [name: string, user: string, ...numbers: [number, number, number, number, number, number]];
type QuarterConsumers = Pick<Quarter, 'consumers' | 'rest'>;

/** See packConsumers. */
export function packQuarter({ consumers, rest }: QuarterConsumers): string {
  const rows = consumers.map(({ name, user, idle, open, busy, most, middle, used }): QuarterRow => [
    ...([name, user] as const),
    ...([idle, open, busy, most, middle, used] as const),
  ]);
  const left = consumers.slice(fitting(rows));
  const most = Math.max(rest.most, ...left.map((consumer) => consumer.most));
  return JSON.stringify([rows.slice(0, fitting(rows)), [rest.consumers + left.length, most]]);
}

export function unpackQuarter(text: string): QuarterConsumers {
  const [rows, [others, mostOfOthers]] = JSON.parse(text) as [QuarterRow[], [number, number]];
  const consumers = rows.map(([name, user, idle, open, busy, most, middle, used]): QuarterConsumer => {
    return { name, user, idle, open, busy, most, middle, used };
  });
  return { consumers, rest: { consumers: others, most: mostOfOthers } };
}

/** How many rows from the first on fit. */
function fitting(rows: readonly (CountRow | QuarterRow)[]): number {
  let bytes = 0;
  const first = rows.findIndex((row) => (bytes += jsonBytes(row) + 1) > MOST_BYTES);
  return first === -1 ? rows.length : first;
}

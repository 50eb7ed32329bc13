import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import { byWidth, isInForce, overlaps, type Pause, type PauseScope } from '../../core/policy/pause.ts';
import { anyTargetId } from '../../core/policy/target.ts';
import { TIER_NAMES } from '../../core/policy/tier-names.ts';
import type { Pauses } from '../../core/ports/stores/pauses.ts';
import { expiresAt, storedField } from './table/items.ts';
import { putItem, queryAll, type Item, type Key, type TableAccess } from './table/table.ts';

/** For tidying up only: whether a pause has run out is read off the pause itself. */
const KEEP_ENDED_PAUSES_DAYS = 7;
/**
 * The pauses of the installation are in one partition, so that one consistent query reads all that may concern an act.
 */
const PAUSES = 'PAUSES';

export function createPauses(table: TableAccess, now: () => number): Pauses {
  const readActive = () => readPauses(table, now());
  return {
    active: readActive,
    on: async (targetId) => (await readActive()).filter((pause) => overlaps(pause, { targetId, tier: null })),
    async put(pause) {
      const expiry = pause.until !== null && { expiresAt: expiresAt(pause.until, KEEP_ENDED_PAUSES_DAYS) };
      await putItem(table, { ...keyOf(pause), pause: storedField(pause), ...expiry });
    },
    async lift(scope) {
      const command = new DeleteCommand({ TableName: table.table, Key: keyOf(scope), ReturnValues: 'ALL_OLD' });
      const { Attributes: deleted } = await table.client.send(command);
      const pause = deleted === undefined ? null : pauseOf(deleted);
      return pause !== null && isInForce(pause, now()) ? pause : null;
    },
  };
}

async function readPauses(table: TableAccess, now: number): Promise<Pause[]> {
  const items = await queryAll(table, {
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': PAUSES },
    ConsistentRead: true,
  });
  return items
    .flatMap((item) => pauseOf(item) ?? [])
    .filter((pause) => isInForce(pause, now))
    .sort(byWidth);
}

/** A star, which no name has, means all. */
function keyOf({ targetId, tier }: PauseScope): Key {
  return { pk: PAUSES, sk: `${targetId ?? '*'}#${tier ?? '*'}` };
}

/** Of a record that cannot be read the key still says what it is to hold. Null when that says nothing either. */
function pauseOf(item: Item): Pause | null {
  const stored = storedPause.safeParse(item['pause']);
  if (stored.success && keyOf(stored.data).sk === item['sk']) return stored.data;
  const [target, tier] = String(item['sk']).split('#');
  const scope = pauseScope.safeParse({ targetId: starless(target), tier: starless(tier) });
  return scope.success
    ? { ...scope.data, by: 'nobody known', why: 'its record cannot be read', at: 0, until: null }
    : null;
}

const starless = (name: string | undefined) => (name === '*' ? null : name);

const pauseScope = z.object({ targetId: z.nullable(anyTargetId), tier: z.nullable(z.enum(TIER_NAMES)) });
const storedPause = z.extend(pauseScope, {
  by: z.string(),
  why: z.string(),
  at: z.number(),
  until: z.nullable(z.number()),
});

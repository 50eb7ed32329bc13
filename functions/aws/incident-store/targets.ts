import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { memberSettings } from '../../core/fleet/member-settings.ts';
import type { RosterRow } from '../../core/fleet/roster.ts';
import { memberOf } from '../../core/members/member.ts';
import { targetSettings, type TargetSettings } from '../../core/policy/target.ts';
import type { Targets } from '../../core/ports/stores/targets.ts';
import { BadRequest, SchemaMismatch } from '../../core/protocol/errors.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import { problemsIn } from '../../core/protocol/zod-words.ts';
import { plain, targetPk } from './table/items.ts';
import { putMember, readMember, readMembers, removeMember } from './table/member-rows.ts';
import { ROSTER, rosterKey } from './table/roster-key.ts';
import {
  putItem,
  queryAll,
  readItem,
  unlessConditionFails,
  updateIf,
  type Item,
  type Key,
  type TableAccess,
} from './table/table.ts';

const settingsKey = (targetId: string): Key => ({ pk: targetPk(targetId), sk: 'SETTINGS' });

/**
 * The roster is one partition, which a tick reads in one query. It is written last and taken away first, so that
 * everybody on it has settings, but for what a crash leaves for the next try.
 */
export function createTargets(table: TableAccess): Targets {
  return {
    async register(settings, owner, at) {
      await putItem(table, { ...settingsKey(settings.id), schema: SCHEMA, settings: plain(settings), owner, at });
      // An earlier version may have left something to do.
      const watches = { watches: settings.instance.toLowerCase(), isCluster: settings.isCluster === true };
      await putItem(table, { ...rosterKey(settings.id), owner, owesSince: at, ...watches });
    },
    async find(which) {
      if (typeof which !== 'string') return which;
      const of = memberOf(which);
      const item = await readItem(table, settingsKey(of?.clusterId ?? which));
      const settings = item === null ? null : settingsIn(item, which);
      if (of === null || settings === null) return settings;
      const member = await readMember(table, which);
      return member === null ? null : memberSettings(settings, member);
    },
    async remove(targetId, owner) {
      const row = await removeOwned(table, rosterKey(targetId), owner);
      const item = row === 'kept' ? row : await removeOwned(table, settingsKey(targetId), owner);
      return item === 'kept' || item === null ? item : (targetSettings.safeParse(item['settings']).data ?? null);
    },
    async roster() {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': ROSTER },
        ConsistentRead: true,
      });
      return items.map(rowIn);
    },
    async rowOf(targetId) {
      const item = await readItem(table, rosterKey(targetId));
      return item === null ? null : rowIn(item);
    },
    members: (clusterId) => readMembers(table, clusterId),
    putMember: (clusterId, member, at) => putMember(table, clusterId, member, at),
    removeMember: (clusterId, name) => removeMember(table, clusterId, name),
    async markFollowed(targetId, pauses, at) {
      const condition = 'attribute_exists(pk)';
      const update = 'SET settings.pauses = :pauses';
      await updateIf(table, { key: settingsKey(targetId), update, condition, values: { pauses } });
      await updateIf(table, { key: rosterKey(targetId), update: 'SET followedAt = :at', condition, values: { at } });
    },
    async settle(targetId, owesSince) {
      await updateIf(table, {
        key: rosterKey(targetId),
        update: 'REMOVE owesSince',
        condition: 'owesSince = :seen',
        values: { seen: owesSince },
      });
    },
  };
}

function settingsIn(item: Item, targetId: string): TargetSettings {
  if (item['schema'] !== SCHEMA) throw new SchemaMismatch(item['schema'], SCHEMA);
  const parsed = targetSettings.safeParse(item['settings']);
  if (parsed.success) return parsed.data;
  throw new BadRequest(`the settings of ${targetId} in the table: ${problemsIn(parsed.error, 'settings').join('; ')}`);
}

function rowIn(item: Item): RosterRow {
  const {
    sk,
    owesSince = null,
    watches = null,
    isCluster = false,
    followedAt = null,
  } = item as Key & Partial<RosterRow>;
  return { id: sk, owesSince, watches, isCluster, followedAt };
}

/** What was there, null when nothing was; `kept` when it is another owner's. */
async function removeOwned(table: TableAccess, key: Key, owner: string | null): Promise<Item | null | 'kept'> {
  const command = new DeleteCommand({
    TableName: table.table,
    Key: key,
    ReturnValues: 'ALL_OLD',
    ...(owner !== null && {
      ConditionExpression: 'attribute_not_exists(pk) OR #owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': owner },
    }),
  });
  const done = await unlessConditionFails(table.client.send(command));
  return done === null ? 'kept' : (done.Attributes ?? null);
}

import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import { memberId, memberOf } from '../../../core/members/member.ts';
import type { KnownMember } from '../../../core/members/compare-members.ts';
import { targetPk } from './items.ts';
import { rosterKey } from './roster-key.ts';
import { putItem, queryPrefix, readItem, type Item, type Key, type TableAccess } from './table.ts';

const MEMBER = 'MEMBER#';
const memberKey = (clusterId: string, name: string): Key => ({ pk: targetPk(clusterId), sk: `${MEMBER}${name}` });

const memberItem = z.object({
  member: z.object({
    name: z.string(),
    resourceId: z.string(),
    isWriter: z.boolean(),
    host: z.string(),
    pauses: z.boolean(),
  }),
});

export async function readMembers(table: TableAccess, clusterId: string): Promise<KnownMember[]> {
  return (await queryPrefix(table, targetPk(clusterId), MEMBER)).map(memberIn);
}

/** Null for what is no member, or none that is on record. */
export async function readMember(table: TableAccess, targetId: string): Promise<KnownMember | null> {
  const of = memberOf(targetId);
  const item = of && (await readItem(table, memberKey(of.clusterId, of.member)));
  return item && memberIn(item);
}

/** On the roster last, so that everybody on it has settings. */
export async function putMember(table: TableAccess, clusterId: string, member: KnownMember, at: number): Promise<void> {
  await putItem(table, { ...memberKey(clusterId, member.name), member });
  const row = { owner: clusterId, watches: member.name, owesSince: at };
  await putItem(table, { ...rosterKey(memberId(clusterId, member.name)), ...row });
}

/** Off the roster first. Again, it changes nothing. */
export async function removeMember(table: TableAccess, clusterId: string, name: string): Promise<void> {
  for (const Key of [rosterKey(memberId(clusterId, name)), memberKey(clusterId, name)]) {
    await table.client.send(new DeleteCommand({ TableName: table.table, Key }));
  }
}

function memberIn(item: Item): KnownMember {
  return memberItem.parse(item).member;
}

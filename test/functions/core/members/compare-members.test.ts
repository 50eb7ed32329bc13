import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  compareMembers,
  type ClusterSeen,
  type KnownMember,
  type MemberChange,
} from '../../../../functions/core/members/compare-members.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const known = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES),
    resourceId: fc.constantFrom('db-1', 'db-2'),
    isWriter: fc.boolean(),
    host: fc.constantFrom('h:1', 'h:2'),
    pauses: fc.boolean(),
  }),
  { selector: ({ name }) => name },
);
const seen: fc.Arbitrary<ClusterSeen> = fc.record({
  resourceId: fc.constant('cluster-A'),
  pauses: fc.boolean(),
  members: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      resourceId: fc.constantFrom('db-1', 'db-2'),
      isWriter: fc.boolean(),
      status: fc.constantFrom('available', 'rebooting', 'creating', 'deleting', 'unknown'),
      host: fc.constantFrom('h:1', 'h:2', null),
    }),
    { selector: ({ name }) => name },
  ),
});

function apply(members: readonly KnownMember[], changes: readonly MemberChange[]): KnownMember[] {
  const after = new Map(members.map((member) => [member.name, member]));
  for (const { kind, member } of changes) {
    if (kind === 'went') after.delete(member.name);
    else after.set(member.name, member);
  }
  return [...after.values()];
}

it('says all that is different: once it is written down, nothing is', () => {
  fc.assert(
    fc.property(known, seen, (before, cluster) => {
      const after = apply(before, compareMembers(before, cluster));
      expect(compareMembers(after, cluster)).toEqual([]);
    }),
  );
});

it('knows nobody whom the cluster does not list, and loses nobody whom it does', () => {
  fc.assert(
    fc.property(known, seen, (before, cluster) => {
      const after = new Set(apply(before, compareMembers(before, cluster)).map(({ name }) => name));
      const listed = cluster.members.filter(({ status }) => status !== 'deleting').map(({ name }) => name);
      for (const name of after) expect(listed).toContain(name);
      for (const { name } of before) if (listed.includes(name)) expect(after).toContain(name);
    }),
  );
});

it('names what changed of each', () => {
  const one = (name: string, changed: Partial<KnownMember> = {}): KnownMember => ({
    name,
    resourceId: `db-${name}`,
    isWriter: false,
    host: `${name}:1`,
    pauses: false,
    ...changed,
  });
  const before = ['a', 'b', 'c', 'd', 'e'].map((name) => one(name, { isWriter: name === 'a' }));
  const now = [
    one('f'),
    one('e', { host: 'e:2' }),
    one('d', { resourceId: 'db-x' }),
    one('b', { isWriter: true }),
    one('a'),
  ];
  const changes = compareMembers(before, {
    resourceId: 'cluster-A',
    pauses: false,
    members: now.map((member) => ({ ...member, status: 'available' })),
  });
  expect(changes.map(({ kind, member }) => `${kind} ${member.name}`)).toEqual([
    'role a',
    'role b',
    'replaced d',
    'other e',
    'came f',
    'went c',
  ]);
});

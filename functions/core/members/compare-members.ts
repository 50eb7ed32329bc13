/** What the control plane says of a server of RDS or Aurora. */
export interface InstanceSeen {
  readonly name: string;
  /** DbiResourceId: another server that takes the same name has another. */
  readonly resourceId: string;
  /** `available`, `creating`, `rebooting` … */
  readonly status: string;
  /** Where it listens; null while it is made. */
  readonly host: string | null;
}

/** What it says of a cluster. */
export interface ClusterSeen {
  /** DbClusterResourceId: what IAM authentication names. */
  readonly resourceId: string;
  /** Without connections for a while, its members pause: Aurora Serverless v2 with a minimum of 0 ACUs. */
  readonly pauses: boolean;
  readonly members: readonly (InstanceSeen & { readonly isWriter: boolean })[];
}

/** A member as Headroom has it on record. */
export interface KnownMember {
  readonly name: string;
  readonly resourceId: string;
  readonly isWriter: boolean;
}

/** What is different about a cluster since it was last read. */
export type MemberChange =
  | { readonly kind: 'came'; readonly member: KnownMember }
  | { readonly kind: 'went'; readonly member: KnownMember }
  /** It became the writer, or a reader. */
  | { readonly kind: 'role'; readonly member: KnownMember }
  /** Another server has its name now. `before`: its resource id until then. */
  | { readonly kind: 'replaced'; readonly member: KnownMember; readonly before: string };

/** A server that is not there yet, or not for long. */
const ABSENT: ReadonlySet<string> = new Set(['creating', 'deleting']);

/**
 * What came, went or changed, and the members there are now, each by name. Null for a cluster that is not there stands
 * for no members.
 */
export function compareMembers(
  known: readonly KnownMember[],
  seen: ClusterSeen | null,
): { readonly members: readonly KnownMember[]; readonly changes: readonly MemberChange[] } {
  const members = (seen?.members ?? [])
    .filter(({ status, host }) => host !== null && !ABSENT.has(status))
    .map(({ name, resourceId, isWriter }): KnownMember => ({ name, resourceId, isWriter }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const before = new Map(known.map((member) => [member.name, member]));
  const present = new Set(members.map(({ name }) => name));
  const changes = members.flatMap((member): MemberChange[] => {
    const old = before.get(member.name);
    if (old === undefined) return [{ kind: 'came', member }];
    if (old.resourceId !== member.resourceId) return [{ kind: 'replaced', member, before: old.resourceId }];
    return old.isWriter === member.isWriter ? [] : [{ kind: 'role', member }];
  });
  const went = known.filter(({ name }) => !present.has(name)).map((member): MemberChange => ({ kind: 'went', member }));
  return { members, changes: [...changes, ...went] };
}

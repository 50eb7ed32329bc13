/** What the control plane says of a server of RDS or Aurora. */
export interface InstanceSeen {
  readonly name: string;
  /** DbiResourceId: another server that takes the same name has another. */
  readonly resourceId: string;
  /** `available`, `creating`, `rebooting` … */
  readonly status: string;
  /** Host and port; null while it is made. */
  readonly host: string | null;
}

/** What it says of a cluster. */
export interface ClusterSeen {
  /** DbClusterResourceId: what IAM authentication names. */
  readonly resourceId: string;
  /** Without connections for a while its members pause: Aurora Serverless v2 with a minimum of 0 ACUs. */
  readonly pauses: boolean;
  readonly members: readonly (InstanceSeen & { readonly isWriter: boolean })[];
}

/** A member as Headroom has it on record. */
export interface KnownMember {
  readonly name: string;
  readonly resourceId: string;
  readonly isWriter: boolean;
  readonly host: string;
  readonly pauses: boolean;
}

/** What is different about a cluster since it was last read. */
export interface MemberChange {
  /**
   * `role`: it became the writer, or a reader. `replaced`: another server has its name now. `other`: what people need
   * not hear of.
   */
  readonly kind: 'came' | 'went' | 'role' | 'replaced' | 'other';
  readonly member: KnownMember;
}

/**
 * What came, went or changed, by name, those that went last. Nothing, when all is as it was. A member comes when it
 * listens, and goes when its cluster does not list it any more or it is being deleted: one that RDS says nothing else
 * of stays as it was known.
 */
export function compareMembers(known: readonly KnownMember[], seen: ClusterSeen): readonly MemberChange[] {
  const listed = seen.members.filter(({ status }) => status !== 'deleting');
  const before = new Map(known.map((member) => [member.name, member]));
  const changed = listed
    .flatMap(({ name, resourceId, isWriter, host, status }) =>
      host === null || status === 'creating' ? [] : [{ name, resourceId, isWriter, host, pauses: seen.pauses }],
    )
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((member): MemberChange[] => {
      const kind = kindOf(before.get(member.name), member);
      return kind === null ? [] : [{ kind, member }];
    });
  const present = new Set(listed.map(({ name }) => name));
  const went = known.filter(({ name }) => !present.has(name)).map((member) => ({ kind: 'went', member }) as const);
  return [...changed, ...went];
}

function kindOf(old: KnownMember | undefined, member: KnownMember): MemberChange['kind'] | null {
  if (old === undefined) return 'came';
  if (old.resourceId !== member.resourceId) return 'replaced';
  if (old.isWriter !== member.isWriter) return 'role';
  return old.host !== member.host || old.pauses !== member.pauses ? 'other' : null;
}

import * as z from 'zod/mini';

/** A DBInstanceIdentifier, as RDS stores it. Nothing in it can end a label of a host name or begin another. */
export const MEMBER_NAME = /^[a-z](?:-?[a-z0-9])*$/;
/** RDS's own limit. */
const NAME_LENGTH = 63;

/** The name of a member of a cluster. */
export const memberName = z
  .string()
  .check(
    z.maxLength(NAME_LENGTH),
    z.regex(MEMBER_NAME, 'expected a DBInstanceIdentifier in lower case: letters, digits and single dashes'),
  );

/** Where the members of a cluster listen, with one star in place of a member's name: `*.c0abc.eu-west-1.rds.…`. */
export const membersPattern = z
  .string()
  .check(z.regex(/^[^*]*\*[^*]*$/, 'expected a host name with one star in place of the name of a member'));

/** Where a member listens. Whoever names a member cannot name a host. */
export function hostOf(pattern: string, member: string): string {
  return pattern.replace('*', () => member);
}

/** The id of a member as a target of its own: `shop/shop-1`. */
export function memberId(clusterId: string, member: string): string {
  return `${clusterId}/${member}`;
}

/** The cluster of a target's id, and the member; null for a target that is no member. */
export function memberOf(id: string): { readonly clusterId: string; readonly member: string } | null {
  const at = id.indexOf('/');
  return at < 0 ? null : { clusterId: id.slice(0, at), member: id.slice(at + 1) };
}

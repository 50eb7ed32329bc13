import type { ReserveFacts } from '../../../core/protocol/check-facts.ts';
import type { Features } from '../connect/features.ts';
import { killPrivilege, quoteCurrentUser } from '../grants/grants.ts';
import type { SelfRow } from './check.sql.ts';

/** One slot beyond max_connections. On RDS no administrator can grant it; the master user of Aurora MySQL 3 can. */
export function reserveOf(
  { engine, isRds, instance, reserved }: Pick<Features, 'engine' | 'isRds' | 'instance' | 'reserved'>,
  { account }: Pick<SelfRow, 'account'>,
): ReserveFacts {
  const { grant } = killPrivilege(engine);
  const [privilege] = grant.split(' ON ');
  if (reserved)
    return { isOffered: true, slots: 1, detail: `one slot beyond max_connections, by ${privilege}`, fix: [] };
  const detail = `without ${privilege} the slot beyond max_connections is not for the responder`;
  // Only Aurora names its instance.
  const isGrantable = !isRds || instance !== null;
  const fix = isGrantable ? [`GRANT ${grant} TO ${quoteCurrentUser(account)}`] : [];
  return { isOffered: !isRds, slots: 0, detail, fix };
}

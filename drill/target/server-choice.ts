import type { EngineName } from '../../functions/core/server/snapshot.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { PostgresMajor } from '../servers/files/postgres-files.ts';

/** The server a scenario is rehearsed on. */
export type ServerChoice =
  { readonly engine: 'postgres'; readonly major: PostgresMajor } | { readonly engine: Exclude<EngineName, 'postgres'> };

/** How a scenario's slots are had on a server, so that ordinary clients find as many on each. */
export interface Slots {
  readonly maxConnections: number;
  /** Within maxConnections, and never for ordinary clients. */
  readonly reserved: number;
  readonly usable: number;
  /** Ordinary administrators can be given slots of their own, which are not the superuser's. */
  readonly hasReservedRole: boolean;
  /** The responder gets into a server that ordinary clients have filled. */
  readonly letsResponderIn: boolean;
}

export function slotsOf({ server }: Pick<Scenario, 'server'>, choice: ServerChoice): Slots {
  const { maxConnections, superuserReserved } = server;
  if (choice.engine !== 'postgres') {
    // One slot beyond max_connections is for those with CONNECTION_ADMIN.
    const usable = maxConnections - superuserReserved - server.reserved;
    return { maxConnections: usable, reserved: 0, usable, hasReservedRole: false, letsResponderIn: true };
  }
  const hasReservedRole = choice.major >= 16;
  const reserved = superuserReserved + (hasReservedRole ? server.reserved : 0);
  return {
    maxConnections,
    reserved,
    usable: maxConnections - reserved,
    hasReservedRole,
    letsResponderIn: hasReservedRole,
  };
}

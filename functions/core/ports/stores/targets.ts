import type { RosterRow } from '../../fleet/roster.ts';
import type { KnownMember } from '../../members/compare-members.ts';
import type { TargetSettings } from '../../policy/target.ts';

/**
 * The targets of an installation, as its deployments have written them: the settings of each, and a roster of all. A
 * target that is not on the roster is acted upon by nobody.
 */
export interface Targets {
  /** Writes both. `owner`: what has put the target here, and alone may take it away. */
  register(settings: TargetSettings, owner: string, at: number): Promise<void>;
  /**
   * The settings that a request is about: those of its id, or those that it brings itself. Those of a member are its
   * cluster's, with what is its own. Null when there is no such target. Throws SchemaMismatch when another version has
   * written them.
   */
  find(which: string | TargetSettings): Promise<TargetSettings | null>;
  /**
   * Takes a target off the roster, then its settings away. Returns what its settings were; null when they cannot be
   * read or were gone. `kept`: it is somebody else's by now, and nothing was done. `owner` null: whoever's it is.
   */
  remove(targetId: string, owner: string | null): Promise<TargetSettings | null | 'kept'>;
  /** Everybody, by id. Strongly consistent. */
  roster(): Promise<RosterRow[]>;
  /** Null when it is not on the roster. Strongly consistent. */
  rowOf(targetId: string): Promise<RosterRow | null>;
  /** The members of a cluster as they were last seen, by name. */
  members(clusterId: string): Promise<KnownMember[]>;
  /** Puts a member on record and on the roster, or writes it anew. */
  putMember(clusterId: string, member: KnownMember, at: number): Promise<void>;
  /** Takes a member off the roster and off the record. */
  removeMember(clusterId: string, name: string): Promise<void>;
  /** Notes that the control plane was asked about a target, and whether its server pauses without connections. */
  markFollowed(targetId: string, pauses: boolean, at: number): Promise<void>;
  /** Notes that nothing is left to do, unless something has been noted since. */
  settle(targetId: string, owesSince: number): Promise<void>;
}

import { memberId } from '../members/member.ts';
import type { KnownMember } from '../members/compare-members.ts';
import type { TargetSettings } from '../policy/target.ts';
import { memberAlarms } from './alarm-names.ts';

/** A member as a target of its own: with the settings of its cluster, which a person says once for all. */
export function memberSettings(cluster: TargetSettings, member: KnownMember): TargetSettings {
  const id = memberId(cluster.id, member.name);
  return {
    ...cluster,
    isCluster: false,
    id,
    instance: member.name,
    member: member.name,
    endpoint: member.host,
    alarms: memberAlarms(cluster.alarms, cluster.id, id),
    pauses: member.pauses,
  };
}

import type { EventOrigin, IncidentEvent } from '../events/incident-event.ts';
import type { ClusterSeen, InstanceSeen } from '../members/compare-members.ts';
import type { Message } from '../messages/message.ts';
import type { MetricsSetting } from '../policy/policy.ts';
import type { AlarmSighting } from '../record/incident.ts';
import type { ConnectionAlarm } from '../sampler/connection-alarms.ts';
import type { StoredSample } from '../sampler/stored-sample.ts';

export interface Alarms {
  /** Those of the named alarms that are in ALARM right now, with the time they went there. */
  active(names: readonly string[]): Promise<AlarmSighting[]>;
  /** All that are in ALARM right now and whose names begin so. */
  activeUnder(prefix: string): Promise<AlarmSighting[]>;
}

/** The functions that a tick calls. */
export type FleetFunction = 'sample' | 'reconcile' | 'follow' | 'notify';

export interface FunctionCaller {
  /** Hands a request to a function and does not wait for what comes of it. Throws when it was not taken. */
  call(name: FleetFunction, request: Readonly<Record<string, unknown>>): Promise<void>;
}

/** What the control plane knows of a target. Whatever cannot be had is left out. */
export interface Surroundings {
  /** The login that its administrators were given; null when RDS does not say. */
  masterUser(instance: string): Promise<string | null>;
  /** What was done to the instance or its parameters since a time, in words, newest first. */
  changes(instance: string, since: number): Promise<string[]>;
  /** Its connections by the metric of RDS since a time, oldest first. */
  connections(instance: string, since: number): Promise<{ readonly at: number; readonly used: number }[]>;
  /** The least memory it had free since a time, in bytes; null when the metric has nothing. */
  freeMemory(instance: string, since: number): Promise<number | null>;
}

/** What the control plane of RDS says of servers. Throws what AWS says when it cannot be asked. */
export interface Databases {
  /** Null when there is no cluster of that name. */
  cluster(name: string): Promise<ClusterSeen | null>;
  /** Null when there is no instance of that name. `cluster`: the one it is a member of. */
  instance(name: string): Promise<(InstanceSeen & { readonly cluster: string | null }) | null>;
}

/** An alarm on the connections of an instance, whole. */
export interface InstanceAlarm extends ConnectionAlarm {
  readonly name: string;
  readonly instance: string;
}

/** The alarms that Headroom itself keeps right, none but its own. */
export interface OwnAlarms {
  /** By name; those that are not there are left out. */
  standing(names: readonly string[]): Promise<ReadonlyMap<string, Pick<InstanceAlarm, 'threshold' | 'description'>>>;
  /** Writes it anew, whatever it was. Its state stays until it is evaluated. */
  put(alarm: InstanceAlarm): Promise<void>;
  remove(names: readonly string[]): Promise<void>;
}

export interface MetricsSink {
  /** Makes metrics of a sample: of all its figures, or of a few. */
  emit(targetId: string, sample: StoredSample, setting: MetricsSetting): void;
}

export interface Notifier {
  /** Throws when the message is not taken. `gathered`: it goes out with others of its minute. */
  publish(message: Message): Promise<'published' | 'gathered'>;
}

/** Where other programs learn of incidents. */
export interface EventBus {
  readonly origin: EventOrigin;
  /** How many events one call takes. */
  readonly mostAtOnce: number;
  /** Resolves to what was not taken: why, by the event's `changeId`. Throws when nothing was. */
  put(events: readonly IncidentEvent[]): Promise<ReadonlyMap<string, string>>;
}

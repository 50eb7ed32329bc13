import type { MetricsSetting } from '../policy/policy.ts';
import type { Message } from '../messages/message.ts';
import type { AlarmSighting } from '../record/incident.ts';
import type { StoredSample } from '../sampler/stored-sample.ts';

export interface Alarms {
  /** Those of the named alarms that are in ALARM right now, with the time they went there. */
  active(names: readonly string[]): Promise<AlarmSighting[]>;
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

export interface MetricsSink {
  /** Makes metrics of a sample: of all its figures, or of a few. */
  emit(targetId: string, sample: StoredSample, setting: MetricsSetting): void;
}

export interface Notifier {
  /** Publishes; throws when the topic does not take it. */
  publish(message: Message): Promise<void>;
}

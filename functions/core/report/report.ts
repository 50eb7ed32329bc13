import { SCHEMA } from '../protocol/schema.ts';
import { commandFor } from '../words/commands.ts';
import { printable } from '../words/printable.ts';
import { BLANKS, checklistOf, type Blank, type Topic } from './checklist.ts';
import { endedGroups, sparedGroups, type EndedGroup, type SparedGroup } from './ended.ts';
import { causeOf, looksOf, type CauseReport, type Look } from './looks.ts';
import { overUsual, type OverUsual } from './over-usual.ts';
import type { IncidentRecord } from './record.ts';
import { slotsOverTime, type SlotsOverTime } from './slots.ts';
import { summaryOf, type Summary } from './summary.ts';
import { durationsOf, timelineOf, type Duration, type TimelineEntry } from './timeline.ts';
import { MEANINGS } from './words.ts';

/**
 * An incident for the people who review it. Field names are documented and stable. Times are epoch milliseconds, usage
 * percent of usable slots; null is unknown. Every text is bounded, and has no control characters and no links.
 */
export interface Report {
  readonly schema: number;
  readonly incidentId: string;
  readonly target: string;
  readonly engine: string;
  readonly serverVersion: string | null;
  readonly endpoint: string;
  readonly outcome: string | null;
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly usageBefore: number | null;
  readonly usagePeak: number | null;
  readonly usageAfter: number | null;
  readonly summary: Summary;
  readonly durations: readonly Duration[];
  readonly timeline: readonly TimelineEntry[];
  readonly slots: SlotsOverTime;
  readonly overUsual: OverUsual;
  readonly cause: CauseReport | null;
  readonly looks: readonly Look[];
  readonly ended: readonly EndedGroup[];
  readonly spared: readonly SparedGroup[];
  readonly checklist: readonly Topic[];
  /** For a person to fill in. */
  readonly blanks: readonly Blank[];
  readonly meanings: readonly (readonly [word: string, meaning: string])[];
  /** How to read everything that is on record. */
  readonly command: string;
  readonly writtenAt: number;
}

/** The report of an incident, open or closed. Pure; O(sessions + samples). */
export function reportOn(record: IncidentRecord, now: number): Report {
  const { incident, rounds, acts } = record;
  const { id, target } = incident;
  const slots = slotsOverTime(incident, rounds);
  const over = overUsual(rounds, slots);
  return {
    schema: SCHEMA,
    incidentId: printable(id, 120),
    target: printable(target.id, 63),
    engine: target.engine,
    serverVersion: incident.serverVersion === null ? null : printable(incident.serverVersion),
    endpoint: printable(target.endpoint, 255),
    outcome: incident.outcome,
    openedAt: incident.openedAt,
    closedAt: incident.closedAt,
    usageBefore: incident.usageBefore,
    usagePeak: incident.usagePeak,
    usageAfter: incident.usageAfter,
    summary: summaryOf(record, over),
    durations: durationsOf(record, slots),
    timeline: timelineOf(record, slots),
    slots,
    overUsual: over,
    cause: causeOf(incident.cause),
    looks: looksOf(record),
    ended: endedGroups(acts),
    spared: sparedGroups(incident.spared, rounds),
    checklist: checklistOf({ record, slots, over }),
    blanks: BLANKS,
    meanings: MEANINGS,
    command: commandFor(`incidents show ${id}`, target),
    writtenAt: now,
  };
}

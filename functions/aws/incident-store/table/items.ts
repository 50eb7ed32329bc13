import type { PlanSummary } from '../../../core/plan/plan-summary.ts';
import { policy, type Policy } from '../../../core/policy/policy.ts';
import type { NewIncident } from '../../../core/ports/stores/incidents.ts';
import type { AlarmSighting, Incident } from '../../../core/record/incident.ts';
import { REPEATS, type Notice, type NoticeAttempt } from '../../../core/record/notice.ts';
import { fit } from '../../process/fit.ts';
import type { Item, Key } from './table.ts';

/** How long records are kept: a year, and the incident of a year ago beside today's. */
export const KEEP_RECORDS_DAYS = 400;
/** How long acts are kept for the budgets, which look back an hour. */
export const KEEP_TALLIES_DAYS = 7;
/** How many joined alarms are kept; the rest are only counted. */
export const MAX_JOINED = 20;
/** How many attempts to notify are kept; after that the last one is replaced. */
export const MAX_NOTICE_ATTEMPTS = 40;
/** Bytes of one alarm sighting. */
const SIGHTING_BYTES = 2_000;
/** Bytes of any other field of an incident. With the counts above an incident stays well under DynamoDB's 400 KB. */
const FIELD_BYTES = 30_000;
/** Version of the stored form. */
const RECORD = 1;

const NOTICE_ORDER: readonly Notice[] = [
  'opened',
  'observed',
  'resolved',
  'done',
  'escalated',
  'changed',
  'failed',
  'interrupted',
  ...REPEATS,
];

/** The partition of an incident, and that of a target. */
export const incidentPk = (incidentId: string): string => `INCIDENT#${incidentId}`;
export const targetPk = (targetId: string): string => `TARGET#${targetId}`;
export const lockKey = (targetId: string): Key => ({ pk: targetPk(targetId), sk: 'OPEN' });
export const metaKey = (incidentId: string): Key => ({ pk: incidentPk(incidentId), sk: 'META' });

/** For the table's TTL: epoch seconds. */
export function expiresAt(atMs: number, days: number): number {
  return Math.ceil(atMs / 1000) + days * 24 * 3600;
}

/** Number with zeros in front, so that text order is number order. */
export function ordinal(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

/** A field of an incident as it is stored: bounded, and without what DynamoDB refuses. */
export function storedField(value: unknown): unknown {
  return fit(value, FIELD_BYTES);
}

export function storedSighting(sighting: AlarmSighting): unknown {
  return fit(sighting, SIGHTING_BYTES);
}

export function storedAttempt(attempt: NoticeAttempt): unknown {
  return fit(attempt, SIGHTING_BYTES);
}

/** A candidate as the lock keeps it until its META is written. */
export function storedCandidate({ id, target, alarm, call, at, leaseUntil }: NewIncident): unknown {
  const own = call !== undefined && { call: storedField(call) };
  return { id, target: plain(target), alarm: storedSighting(alarm), ...own, at, leaseUntil };
}

/** Without `undefined`, which DynamoDB refuses. */
export function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The META item of a new incident. No other item has `targetId` and `openedAt`, so the indexes hold incidents alone. */
export function metaItem(candidate: NewIncident, fence: number): Item {
  const { id, target, alarm, call = null, at } = candidate;
  return {
    ...metaKey(id),
    record: RECORD,
    id,
    targetId: target.id,
    target: plain(target),
    status: 'open',
    outcome: null,
    fence,
    alarm: storedSighting(alarm),
    call: storedField(call),
    joinedBy: {},
    joinedCount: 0,
    openedAt: at,
    firstActionAt: null,
    reliefAt: null,
    rebounds: 0,
    closedAt: null,
    serverVersion: null,
    serverIdentity: null,
    admission: null,
    usageBefore: null,
    usageAfter: null,
    usagePeak: null,
    refused: 0,
    refusal: null,
    cause: null,
    rounds: 0,
    endedCount: 0,
    spared: {},
    pauses: [],
    advice: [],
    escalation: null,
    closing: null,
    failure: null,
    acknowledgement: null,
    repeats: 0,
    repeatedAt: null,
    // A person who calls for an incident knows of it.
    notified: call === null ? { opened: 'pending' } : {},
    notices: [],
    eventTrouble: null,
    expiresAt: expiresAt(at, KEEP_RECORDS_DAYS),
  } satisfies Record<Exclude<keyof Incident, 'joined' | 'pendingNotices' | 'announced'>, unknown> & Key & Item;
}

/** What a META item has beside fields of the incident. `joinedBy` is keyed by the id each alarm would have opened. */
interface MetaOnly extends Key {
  readonly record: typeof RECORD;
  readonly targetId: string;
  readonly expiresAt: number;
  readonly joinedBy: Readonly<Record<string, AlarmSighting>>;
  readonly notified: Readonly<Partial<Record<Notice, 'pending' | 'delivered'>>>;
  /** Absent while it would be empty, which DynamoDB refuses. */
  readonly announced?: ReadonlySet<string>;
  /** What links to its report are made with. Absent until the first is. */
  readonly reportSecret?: string;
}

const META_ONLY: ReadonlySet<string> = new Set<keyof MetaOnly>([
  'pk',
  'sk',
  'record',
  'targetId',
  'expiresAt',
  'joinedBy',
  'notified',
  'announced',
  'reportSecret',
]);

type StoredIncident = Omit<Incident, 'joined' | 'pendingNotices' | 'announced'>;

// Only this module writes META items; the version says that it was this form of it.
function isMetaItem(item: Item): item is StoredIncident & MetaOnly {
  return item['record'] === RECORD;
}

/** Fields that the first records lack. */
const ADDED_LATER = {
  pauses: [],
  call: null,
  advice: [],
  refusal: null,
  closing: null,
  acknowledgement: null,
  repeats: 0,
  repeatedAt: null,
  eventTrouble: null,
} as const satisfies Partial<Incident>;

/** Throws when another version of Headroom wrote the item in a form that this one does not know. */
export function incidentOf(item: Item): Incident {
  if (!isMetaItem(item)) {
    throw new Error(`${String(item['pk'])} is a record of version ${String(item['record'])}; this one reads ${RECORD}`);
  }
  const fields = Object.fromEntries(Object.entries(item).filter(([name]) => !META_ONLY.has(name)));
  const stored = fields as unknown as StoredIncident;
  return {
    ...ADDED_LATER,
    ...stored,
    target: { ...stored.target, policy: withDefaults(stored.target.policy) },
    joined: Object.values(item.joinedBy).sort((one, other) => one.at - other.at),
    pendingNotices: NOTICE_ORDER.filter((notice) => item.notified[notice] === 'pending'),
    announced: [...(item.announced ?? [])].sort(),
  };
}

/** A policy of an earlier version lacks fields; one that has others is a later version's, and stays as it is. */
function withDefaults(stored: Policy): Policy {
  const read = policy.safeParse(stored);
  return read.success ? read.data : stored;
}

/** A plan as it was shown to a person. The first version called its limit `cap`. */
export function summaryOf(stored: PlanSummary & { readonly cap?: PlanSummary['limit'] }): PlanSummary {
  const { cap = null, ...summary } = stored;
  return { ...summary, limit: summary.limit ?? cap };
}

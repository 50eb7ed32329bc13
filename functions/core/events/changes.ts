import type { Act } from '../record/act.ts';
import type { Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';

/** What can happen to an incident that other programs are told of. */
export const CHANGES = [
  'opened',
  'acting',
  'approval-wanted',
  'relieved',
  'escalated',
  'closed',
  'acknowledged',
] as const;

/** One change of an incident, as its record shows it. */
export interface Change {
  /** The same whenever this change is read from the record, and no other change of the incident has it. */
  readonly id: string;
  readonly kind: (typeof CHANGES)[number];
  /** Epoch milliseconds. */
  readonly at: number;
  /** The act of `acting`; otherwise absent. */
  readonly act?: Act;
  /** The question of `approval-wanted`; otherwise absent. */
  readonly question?: Approval;
}

/** What else is on record of an incident. */
export interface ChangeDetails {
  readonly acts: readonly Act[];
  readonly approvals: readonly Approval[];
}

/**
 * Every change that the record of an incident shows, oldest first. A relief that did not hold until the record was read
 * is not among them; the next one is.
 */
export function changesOf(incident: Incident, { acts, approvals }: ChangeDetails): Change[] {
  const { openedAt, reliefAt, rebounds, escalation, closedAt, acknowledgement } = incident;
  // Records of earlier versions do not say when people were paged: then the page closed the incident.
  const pagedAt = escalation && (escalation.at ?? closedAt);
  return [
    { id: 'opened', kind: 'opened' as const, at: openedAt },
    ...acts.map((act) => ({ id: `acting-${act.round}-${act.tier}`, kind: 'acting' as const, at: act.startedAt, act })),
    ...approvals.map((question) => ({
      id: `approval-wanted-${question.round}`,
      kind: 'approval-wanted' as const,
      at: question.askedAt,
      question,
    })),
    ...change(rebounds === 0 ? 'relieved' : `relieved-${rebounds + 1}`, 'relieved', reliefAt),
    ...change('escalated', 'escalated', pagedAt),
    ...change('escalated-2', 'escalated', escalation?.changedAt ?? null),
    ...change('closed', 'closed', closedAt),
    ...change('acknowledged', 'acknowledged', acknowledgement?.at ?? null),
  ].sort((one, other) => one.at - other.at);
}

function change(id: string, kind: Change['kind'], at: number | null): Change[] {
  return at === null ? [] : [{ id, kind, at }];
}

/** A change that could not be told within this time is not told any more. */
const TOLD_WITHIN_MS = 24 * 3_600_000;
const LONGEST_WAIT_MS = 15 * 60_000;

/** Of these changes, those that are not announced yet and not too old to be. */
export function unannounced(changes: readonly Change[], { announced }: Incident, now: number): Change[] {
  return changes.filter(({ id, at }) => !announced.includes(id) && now - at < TOLD_WITHIN_MS);
}

/** Whether the rest of the record may show a change that is to be announced. */
export function owesEvents(incident: Incident, now: number): boolean {
  const { status, closedAt, acknowledgement, eventTrouble } = incident;
  if (status === 'open' || (eventTrouble !== null && now - eventTrouble.since < TOLD_WITHIN_MS)) return true;
  const own = [
    ...change('closed', 'closed', closedAt),
    ...change('acknowledged', 'acknowledged', acknowledgement?.at ?? null),
  ];
  return unannounced(own, incident, now).length > 0;
}

/** The same, and it is time to try: as with notices, after half as long as it has failed so far. */
export function mayAnnounce(incident: Incident, now: number): boolean {
  const { eventTrouble: trouble } = incident;
  const waitMs = trouble === null ? 0 : Math.min(LONGEST_WAIT_MS, (trouble.at - trouble.since) / 2);
  return (trouble === null || now - trouble.at >= waitMs) && owesEvents(incident, now);
}

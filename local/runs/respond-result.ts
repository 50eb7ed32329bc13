import type { ActKind } from '../../functions/core/policy/tier-names.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Outcome } from '../../functions/core/protocol/steps.ts';
import type { EndingResult } from '../../functions/core/protocol/worker.ts';
import type { Act } from '../../functions/core/record/act.ts';
import { COUNTING } from '../../functions/core/protocol/worker.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { summariseLimits, type LimitSummary } from '../../functions/core/record/limit.ts';
import type { SessionIdentity } from '../../functions/core/server/session.ts';
import type { Notification } from '../machine/progress.ts';

/** A session that was ended, or had its query cancelled. */
export interface EndedSession {
  readonly identity: SessionIdentity;
  readonly tier: ActKind;
  readonly round: number;
  readonly user: string | null;
  readonly application: string;
  readonly database: string | null;
  readonly method: 'terminate' | 'cancel';
  readonly result: EndingResult;
  readonly reason: string;
}

/** A notice that was sent. */
interface SentNotice {
  readonly notice: string;
  readonly subject: string;
  readonly body: string;
  readonly delivery: Notification['delivery'];
  /** Why it was not delivered. */
  readonly detail?: string;
}

/**
 * How one incident went, as `headroom respond --json` prints it. Usage is in percent of usable slots, times are in
 * seconds from the alarm event, instants are ISO 8601; null means not known, or that it did not happen.
 */
export interface RespondResult {
  /** Null outside a drill. */
  readonly scenario: string | null;
  readonly incidentId: string;
  readonly target: string;
  readonly engine: string;
  readonly serverVersion: string | null;
  /** Null when the workflow ended and the incident did not: a fault. */
  readonly outcome: Outcome | null;
  readonly cause: string | null;
  readonly confidence: number | null;
  readonly evidence: readonly string[];
  readonly usageBefore: number | null;
  readonly usageAfter: number | null;
  readonly usagePeak: number | null;
  readonly firstActionSeconds: number | null;
  readonly reliefSeconds: number | null;
  readonly rounds: number;
  readonly ended: readonly EndedSession[];
  /** Temporary limits on users. */
  readonly limits: readonly LimitSummary[];
  /** Spared sessions of the last plan, by reason. */
  readonly spared: Readonly<Record<string, number>>;
  readonly admission: Incident['admission'];
  readonly escalation: Incident['escalation'];
  readonly failure: Incident['failure'];
  readonly notifications: readonly SentNotice[];
  readonly openedAt: string;
  readonly closedAt: string | null;
}

/** Sums an incident up from its record. Throws when there is no such incident. */
export async function readResult(
  store: Pick<IncidentStore, 'incidents' | 'acts' | 'limits'>,
  incidentId: string,
  notifications: readonly Notification[],
): Promise<RespondResult> {
  const incident = await store.incidents.byId(incidentId);
  if (incident === null) throw new Error(`there is no incident ${incidentId}`);
  const acts = await store.acts.of(incidentId);
  return {
    scenario: null,
    incidentId,
    target: incident.target.id,
    engine: incident.target.engine,
    serverVersion: incident.serverVersion,
    outcome: incident.outcome,
    cause: incident.cause?.name ?? null,
    confidence: incident.cause?.confidence ?? null,
    evidence: incident.cause?.evidence ?? [],
    usageBefore: incident.usageBefore,
    usageAfter: incident.usageAfter,
    usagePeak: incident.usagePeak,
    firstActionSeconds: secondsSince(incident.alarm.at, incident.firstActionAt),
    reliefSeconds: secondsSince(incident.alarm.at, incident.reliefAt),
    rounds: incident.rounds,
    ended: endedBy(acts),
    limits: summariseLimits(acts, await store.limits.settledOf(incidentId)),
    spared: incident.spared,
    admission: incident.admission,
    escalation: incident.escalation,
    failure: incident.failure,
    notifications: lastAttempts(notifications.filter(({ attributes }) => attributes['incidentId'] === incidentId)).map(
      ({ subject, body, attributes, delivery, detail }) => ({
        notice: attributes['notice'] ?? 'unknown',
        subject,
        body,
        delivery,
        ...(detail !== '' && { detail }),
      }),
    ),
    openedAt: new Date(incident.openedAt).toISOString(),
    closedAt: incident.closedAt === null ? null : new Date(incident.closedAt).toISOString(),
  };
}

/** A notice that was not delivered is sent again; how it went in the end counts. */
function lastAttempts(notifications: readonly Notification[]): readonly Notification[] {
  return notifications.filter(
    ({ delivery, attributes: { notice } }, index) =>
      delivery !== 'failed' || !notifications.slice(index + 1).some((later) => later.attributes['notice'] === notice),
  );
}

function endedBy(acts: readonly Act[]): EndedSession[] {
  return acts.flatMap(({ tier, round, victims }) =>
    victims.flatMap(({ identity, user, application, database, method, result, reason }) =>
      result !== null && COUNTING.has(result)
        ? [{ identity, tier, round, user, application, database, method, result, reason }]
        : [],
    ),
  );
}

function secondsSince(start: number, end: number | null): number | null {
  return end === null ? null : Math.round((end - start) / 10) / 100;
}

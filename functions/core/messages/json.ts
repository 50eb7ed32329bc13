import { SCHEMA } from '../protocol/schema.ts';
import { actsByTier, topConsumers } from '../record/act.ts';
import type { Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import { summariseLimits } from '../record/limit.ts';
import type { Notice } from '../record/notice.ts';
import { withCommands } from '../words/commands.ts';
import { printable } from '../words/printable.ts';
import type { Message } from './message.ts';
import type { MessageDetails } from './to-do.ts';
import { clipLines, LINE_LENGTH, MAX_LINES } from './text.ts';

/**
 * Field names are documented and stable. Times are epoch milliseconds, percentages of usable slots; null is unknown.
 */
export function jsonForm(
  incident: Incident,
  notice: Notice,
  { acts, rounds, approvals, settledLimits, now }: MessageDetails,
  severity: string,
): Message['json'] {
  const { target, cause, escalation, failure } = incident;
  const adviceLines = (advice: readonly string[]) => clipLines(advice).map((line) => withCommands(line, target));
  return {
    schema: SCHEMA,
    notice,
    severity,
    incidentId: incident.id,
    outcome: incident.outcome,
    target: target.id,
    engine: target.engine,
    instance: printable(target.instance),
    endpoint: printable(target.endpoint, 255),
    serverVersion: incident.serverVersion === null ? null : printable(incident.serverVersion),
    alarm: { name: printable(incident.alarm.alarm, 255), at: incident.alarm.at },
    usageBefore: incident.usageBefore,
    usageAfter: incident.usageAfter,
    usagePeak: incident.usagePeak,
    refused: incident.refused,
    admission: incident.admission,
    cause: cause && { name: printable(cause.name), confidence: cause.confidence, evidence: clipLines(cause.evidence) },
    endedCount: incident.endedCount,
    acts: actsByTier(acts),
    limits: summariseLimits(acts, settledLimits)
      .slice(0, MAX_LINES)
      .map((limit) => ({ ...limit, user: printable(limit.user) })),
    planned: Object.fromEntries(Object.entries(rounds.at(-1)?.planned ?? {}).slice(0, 20)),
    consumers: topConsumers(acts, MAX_LINES).map(({ name, count }) => ({ name: printable(name), count })),
    approvals: approvals.slice(-MAX_LINES).map(approvalForm),
    call: incident.call && printableBy(incident.call),
    rounds: incident.rounds,
    pauses: incident.pauses.slice(0, MAX_LINES).map(printableBy),
    advice: adviceLines(incident.advice),
    escalation: escalation && {
      reason: printable(escalation.reason, LINE_LENGTH),
      advice: adviceLines(escalation.advice),
      staysUntil: escalation.staysUntil ?? null,
    },
    acknowledgement: incident.acknowledgement && {
      ...incident.acknowledgement,
      by: printable(incident.acknowledgement.by),
      note: printable(incident.acknowledgement.note, LINE_LENGTH),
    },
    repeats: incident.repeats,
    failure: failure && { error: printable(failure.error), detail: printable(failure.detail, LINE_LENGTH) },
    openedAt: incident.openedAt,
    firstActionAt: incident.firstActionAt,
    reliefAt: incident.reliefAt,
    rebounds: incident.rebounds,
    closedAt: incident.closedAt,
    at: now,
  };
}

/** What a person has ordered, with that person's words made safe to print. */
function printableBy<T extends { readonly by: string; readonly why: string }>(order: T): T {
  return { ...order, by: printable(order.by), why: printable(order.why, LINE_LENGTH) };
}

/** A question and its answer, for its own notice and those after it. */
export function approvalForm({ round, plan, status, decision, askedAt, expiresAt, usedInRound }: Approval) {
  const limit = plan.limit && {
    user: printable(plan.limit.user),
    limit: plan.limit.limit,
    sessions: plan.limit.sessions,
  };
  return {
    round,
    tier: plan.tier,
    sessions: plan.sessions,
    limit,
    // The name of the field in the first version.
    cap: limit,
    status,
    by: decision && printable(decision.by),
    at: decision && decision.at,
    askedAt,
    expiresAt,
    usedInRound,
  };
}

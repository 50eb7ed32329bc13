import type { Policy } from '../core/policy/policy.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { IncidentChange } from '../core/ports/stores/incidents.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type { DiagnoseResult } from '../core/protocol/steps.ts';
import { countEnded } from '../core/record/act.ts';
import { waitMsOf } from '../core/record/approval.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Notice } from '../core/record/notice.ts';
import { readRefusal } from '../core/sampler/refusal-seen.ts';
import type { Round } from '../core/record/round.ts';
import type { StoredSample } from '../core/sampler/stored-sample.ts';
import { usagePercent, type Admission, type Sample, type Snapshot } from '../core/server/snapshot.ts';
import type { Verdict } from '../core/verdict/situation.ts';
import { inWords } from '../core/words/in-words.ts';
import type { OnRecord } from './read-situation.ts';

export interface ConcludeDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds'>;
  readonly now: () => number;
}

/** What a Diagnose found. Without a snapshot, when the worker did not get in, there is little of it. */
export interface Findings {
  readonly round: Partial<Round> & Pick<Round, 'canary' | 'admission'>;
  /** A cause to put on record, and the advice for it. */
  readonly better?: Pick<Incident, 'cause' | 'advice'>;
  readonly snapshot?: Snapshot;
  readonly admission?: Admission;
  readonly last?: Sample;
  readonly refused: number;
  /** The samples before, for since when clients are refused. */
  readonly samples?: readonly StoredSample[];
  /** Clients are refused, or usage is at the trigger. */
  readonly isPressing: boolean;
}

interface Conclusion {
  readonly at: number;
  readonly round: number;
  readonly isRebound: boolean;
  readonly rebounds: number;
  readonly next: DiagnoseResult['next'];
  readonly why: string;
}

/** Writes the round and the incident, and says where the workflow goes. */
export async function conclude(
  verdict: Verdict,
  found: Findings,
  { past, situation }: OnRecord,
  { store, now }: ConcludeDependencies,
): Promise<DiagnoseResult> {
  const { incident, pauses } = situation;
  const isRebound = incident.reliefAt !== null && found.isPressing;
  const rebounds = incident.rebounds + (isRebound ? 1 : 0);
  const conclusion: Conclusion = {
    at: now(),
    round: incident.rounds + 1,
    isRebound,
    rebounds,
    ...nextAfter(verdict, rebounds, incident.target.policy),
  };
  await store.rounds.put(roundOf(incident, verdict, found, conclusion));
  const change: IncidentChange = {
    ...changeOf(incident, found, conclusion),
    ...consequencesOf(verdict, conclusion, incident),
    pauses,
    // Anew each time: an act that was settled late counts too.
    endedCount: countEnded(past.acts),
  };
  await store.incidents.change(incident.id, change, noticeOf(verdict, incident));
  return resultOf(incident, verdict, conclusion);
}

function roundOf({ id }: Incident, verdict: Verdict, found: Findings, { at, round, next, why }: Conclusion): Round {
  return {
    incidentId: id,
    round,
    at,
    usage: null,
    used: null,
    usable: null,
    byState: {},
    cause: null,
    planned: {},
    spared: {},
    sparedSamples: {},
    ...(verdict.next === 'ask' && { question: verdict.question }),
    ...found.round,
    next,
    why,
  };
}

function changeOf(incident: Incident, found: Findings, { at, round, rebounds }: Conclusion): IncidentChange {
  const { snapshot, admission, last } = found;
  const usageSeen = found.round.usage ?? null;
  return {
    rounds: round,
    rebounds,
    refused: incident.refused + found.refused,
    refusal: readRefusal(incident.refusal, found.samples ?? [], {
      at,
      isRefused: found.refused > 0,
      isAdmitted: last?.canary.result === 'admitted',
    }),
    usageBefore: incident.usageBefore ?? usageSeen,
    usageAfter: last ? usagePercent(last) : null,
    usagePeak: Math.max(incident.usagePeak ?? 0, usageSeen ?? 0) || null,
    ...(snapshot && { serverVersion: snapshot.server.version, serverIdentity: snapshot.server.identity }),
    ...(admission && !incident.admission && { admission }),
    ...found.better,
    ...(found.round.spared && { spared: found.round.spared }),
  };
}

/** What relief, its loss, and an escalation leave on the incident. */
function consequencesOf(
  verdict: Verdict,
  { at, isRebound, why }: Conclusion,
  { escalation }: Incident,
): IncidentChange {
  return {
    ...(isRebound && { reliefAt: null }),
    ...(verdict.next === 'confirm' && verdict.outcome === 'relieved' && { reliefAt: at }),
    ...(verdict.next === 'escalate' && {
      escalation: {
        reason: why,
        advice: verdict.advice,
        at: escalation?.at ?? at,
        ...(verdict.page && { state: verdict.page.state, staysUntil: verdict.page.staysUntil }),
        ...(escalation && { changedAt: at }),
      },
    }),
  };
}

/** The page that is due; undefined for none. */
function noticeOf({ next }: Verdict, { escalation }: Incident): Notice | undefined {
  if (next !== 'escalate') return undefined;
  return escalation === null ? 'escalated' : 'changed';
}

/** A leak of one connection in 1.5 s fills a tenth of a small server meanwhile. */
export const CLOSELY_SECONDS = 10;

function resultOf({ id, target }: Incident, verdict: Verdict, { round, next }: Conclusion): DiagnoseResult {
  const { loop } = target.policy;
  return {
    schema: SCHEMA,
    incidentId: id,
    round,
    next,
    outcome: 'outcome' in verdict ? verdict.outcome : 'escalated',
    settleSeconds: loop.settleSeconds,
    watchSeconds:
      verdict.next === 'watch' && verdict.closely ? Math.min(CLOSELY_SECONDS, loop.watchSeconds) : loop.watchSeconds,
    staySeconds: staySecondsOf(verdict),
    // A second longer than the question is open, which counts from this round.
    waitSeconds: Math.ceil(waitMsOf(target.policy) / 1000) + 1,
    error: null,
  };
}

/** How long an incident that has paged a person waits before its next look; 0 when it is to end. */
export function staySecondsOf(verdict: Verdict): number {
  if (verdict.next === 'stay') return verdict.staySeconds;
  return verdict.next === 'escalate' ? (verdict.page?.staySeconds ?? 0) : 0;
}

/** Where the workflow goes, and why, in words that own up to earlier relief that did not last. */
function nextAfter(verdict: Verdict, rebounds: number, { loop }: Policy): Pick<Conclusion, 'next' | 'why'> {
  const again = rebounds === 0 ? '' : `rebound ${rebounds}: usage climbed over the trigger again after relief; `;
  if (verdict.next !== 'confirm')
    return { next: verdict.next, why: verdict.next === 'watch' ? verdict.why : again + verdict.why };
  const mustHold = verdict.outcome === 'relieved' && loop.holdSeconds > 0;
  return mustHold
    ? { next: 'watch', why: `${verdict.why}; watching for ${inWords(loop.holdSeconds * 1000)} whether it holds` }
    : { next: 'close', why: verdict.why };
}

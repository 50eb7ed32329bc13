import { adviseOn } from '../../functions/core/cause/advice.ts';
import { CAUSES } from '../../functions/core/cause/find-cause.ts';
import { judgeCheck } from '../../functions/core/check/check.ts';
import { composeApproval } from '../../functions/core/messages/approval.ts';
import { composeCheck } from '../../functions/core/messages/check.ts';
import { composeMessage } from '../../functions/core/messages/incident.ts';
import type { Message } from '../../functions/core/messages/message.ts';
import { composeStuckLimit } from '../../functions/core/messages/stuck-limit.ts';
import { composeWarning } from '../../functions/core/messages/warning.ts';
import { NO_HISTORY } from '../../functions/core/plan/tier-plan.ts';
import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { LimitRecord } from '../../functions/core/record/limit.ts';
import type { Notice } from '../../functions/core/record/notice.ts';
import { explainRefusal } from '../../functions/core/server/refusal.ts';
import type { Refusal, RefusalKind } from '../../functions/core/server/snapshot.ts';
import { WARNINGS, type WarningName } from '../../functions/core/sampler/warnings.ts';
import { diagnoseSnapshot } from '../../functions/core/verdict/diagnosis.ts';
import { refusedAt, seenAt } from './a-sample.ts';
import { aPolicy, aSession, aSnapshot, many } from './a-session.ts';
import { anApproval } from './an-approval.ts';

const NOTICES: readonly Notice[] = [
  'opened',
  'resolved',
  'escalated',
  'changed',
  'observed',
  'failed',
  'done',
  'page-2',
];
const NOW = Date.UTC(2026, 10, 21, 3, 5);
const SOURCES = { responder: 'the URL in RESPONDER', canary: 'the URL in CANARY', tlsMode: 'verify-full' } as const;
const REFUSALS = Object.keys({
  full: 0,
  'consumer-full': 0,
  authentication: 0,
  'missing-database': 0,
  tls: 0,
  network: 0,
  starting: 0,
  'wrong-server': 0,
  'unfit-login': 0,
  'busy-elsewhere': 0,
  'too-late': 0,
  'out-of-resources': 0,
  'host-blocked': 0,
  'iam-refused': 0,
  silent: 0,
  other: 0,
} satisfies Record<RefusalKind, 0>) as RefusalKind[];

/** Every notice with every text that can be in it, for one target and an incident and a limit of it. */
export function everyMessage(target: TargetSettings, incident: Incident, limit: LimitRecord): Message[] {
  const refusals = REFUSALS.map((kind): Refusal => ({ kind, code: 'X', message: 'in the words of the server' }));
  return [
    ...adviceInTurns(target, refusals).flatMap((advice) => incidentMessages({ ...incident, target }, advice)),
    composeApproval({ ...incident, target }, anApproval(), 'https://page.example/'),
    composeStuckLimit(limit, 'no route', target, NOW),
    ...(Object.keys(WARNINGS) as WarningName[]).flatMap((name) =>
      [seenAt(NOW, 97), ...REFUSALS.map((kind) => refusedAt(NOW, kind))].map((sample) =>
        composeWarning({ name, since: NOW, lastedMs: 60_000, sample }, target, NOW),
      ),
    ),
    ...refusals.flatMap((refusal) => {
      const answer = { schema: 1, ok: false, refusal, attempts: 1, waitedMs: 0, sources: SOURCES } as const;
      return composeCheck(target, judgeCheck(answer, target), NOW) ?? [];
    }),
  ];
}

/** What a page can advise, as many lines at a time as one holds. */
function adviceInTurns(target: TargetSettings, refusals: readonly Refusal[]): string[][] {
  const sessions = many(90, 1, (id) => aSession(id));
  const { facts } = diagnoseSnapshot(aSnapshot(100, sessions), { policy: aPolicy(), mode: 'act' }, NO_HISTORY);
  const attempt = { endpoint: target.endpoint, engine: target.engine, waitedMs: 1_000 };
  return [
    ...(Object.keys(CAUSES) as CauseName[]).map((cause) => adviseOn(cause, facts, target)),
    ...refusals.map((refusal) => [...explainRefusal(refusal, attempt).advice]),
  ];
}

function incidentMessages(incident: Incident, advice: readonly string[]): Message[] {
  const pause = { targetId: incident.target.id, tier: null, by: 'ann', why: 'a move', at: 0, until: null };
  const pauses = [pause, { ...pause, targetId: null }, { ...pause, tier: 'kill-idle' } as const];
  const escalation = { at: NOW, staysUntil: NOW + 60_000, reason: 'nothing helps', advice };
  const details = { acts: [], rounds: [], approvals: [], settledLimits: [], now: NOW };
  return NOTICES.map((notice) =>
    composeMessage({ ...incident, advice: [...advice], pauses, escalation }, notice, details),
  );
}

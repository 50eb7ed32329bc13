import { composeApproval } from '../../functions/core/messages/approval.ts';
import { composeChanges } from '../../functions/core/messages/changes.ts';
import { composeCheck } from '../../functions/core/messages/check.ts';
import { composeMessage } from '../../functions/core/messages/incident.ts';
import { composeGathered, gatheredOf } from '../../functions/core/messages/gathered.ts';
import { linkPlacesTo, type LinkPlaces } from '../../functions/core/messages/form/places.ts';
import type { Links, Message } from '../../functions/core/messages/message.ts';
import { composeRefusal } from '../../functions/core/messages/refused-event.ts';
import { composeStuckLimit } from '../../functions/core/messages/stuck-limit.ts';
import { composeWarning } from '../../functions/core/messages/warning.ts';
import type { Act } from '../../functions/core/record/act.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { Notice } from '../../functions/core/record/notice.ts';
import type { Round } from '../../functions/core/record/round.ts';
import { newestLook } from '../../functions/core/sampler/newest-look.ts';
import { aCall } from './a-call.ts';
import { seenAt } from './a-sample.ts';
import { aPolicy, aTarget } from './a-session.ts';
import { anApproval } from './an-approval.ts';
import { anIncident } from './an-incident.ts';

const AT = Date.UTC(2026, 10, 21, 3, 0, 5);
const NOW = AT + 95_000;
const TARGET = aTarget({ id: 'shop', instance: 'shop-db', endpoint: 'shop-db.example:5432', policy: aPolicy() });
const END =
  'to end 34 idle sessions of exporter/invoices now: npx --no headroom end --user exporter --why "…" --target shop';

/** Links that a message about an incident has by itself. */
const LINKS: Links = {
  report: 'https://report.example/i/shop?key=abc',
};
/** What every message of an installation links to. */
const PLACES: LinkPlaces = {
  workflow: 'arn:aws:states:eu-west-1:111122223333:stateMachine:headroom-workflow',
  dashboard: 'headroom',
  runbook: 'https://wiki.example/headroom/runbook',
};

const count = (name: string, idle: number) => ({
  name,
  user: name.split('/')[0] ?? '',
  idle,
  open: 0,
  busy: 0,
  arrived: 0,
});
const holding = (sessions: number) => ({
  largest: [count('exporter/invoices', sessions), count('app/web', 5)],
  rest: { consumers: 0, sessions: 0 },
});
const LOOK = newestLook(
  [
    seenAt(NOW - 1_800_000, 40, { consumers: holding(12) }),
    seenAt(NOW - 5_000, 98, { isFull: true, used: 51, usable: 52, consumers: holding(46) }),
  ],
  { now: NOW, triggerPercent: 85 },
);

const SEEN: Partial<Incident> = {
  target: TARGET,
  id: 'shop-20261121T030005000-a1b2c3',
  alarm: { alarm: 'headroom-shop-connections-high', at: AT, reason: 'Threshold Crossed: 51 of 52' },
  openedAt: AT + 2_000,
  serverVersion: '16.4',
  admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 2 },
  usageBefore: 98,
  usageAfter: 98,
  usagePeak: 100,
  refused: 3,
  refusal: { from: AT - 60_000, until: null },
  cause: {
    name: 'connection-leak',
    confidence: 0.86,
    evidence: ['exporter/invoices has 46 sessions, usually 2 to 12', 'all 41 idle ones were used once and never since'],
    ranking: [],
  },
  advice: ['restart the service behind exporter/invoices', 'set a leak detection threshold of a minute'],
  rounds: 2,
  spared: { 'at-usual': 5, 'not-idle-long-enough': 34 },
};
const RELIEVED: Partial<Incident> = {
  status: 'closed',
  outcome: 'relieved',
  closedAt: AT + 60_000,
  firstActionAt: AT + 8_000,
  reliefAt: AT + 20_000,
  usageAfter: 62,
  endedCount: 19,
  refusal: { from: AT - 60_000, until: AT + 12_000 },
};
const ESCALATED: Partial<Incident> = {
  escalation: {
    reason: 'still 98% full, nothing safe to end; exporter/invoices holds 46 of 52',
    advice: ['restart the service behind exporter/invoices', END, 'set a leak detection threshold of a minute'],
    at: AT + 30_000,
    staysUntil: AT + 3_600_000,
    state: 'pressing',
  },
};
const ROUND: Round = {
  incidentId: SEEN.id ?? '',
  round: 2,
  at: NOW - 20_000,
  usage: 98,
  used: 51,
  usable: 52,
  byState: { idle: 46 },
  canary: 'refused as full',
  admission: 'got in by its warm session',
  cause: SEEN.cause ?? null,
  next: 'stay',
  why: 'still 98% full, nothing safe to end; exporter/invoices holds 46 of 52',
  byHand: [END],
  planned: { 'kill-idle': 19 },
  spared: {},
  sparedSamples: {},
};
const ACT: Act = {
  incidentId: SEEN.id ?? '',
  round: 1,
  tier: 'kill-idle',
  startedAt: AT + 8_000,
  finishedAt: AT + 8_400,
  counted: 19,
  limit: null,
  victims: Array.from({ length: 19 }, (_, id) => ({
    identity: { server: 's', id, incarnation: 'i' },
    user: 'exporter',
    application: 'invoices',
    database: 'shop',
    client: '10.0.0.7',
    method: 'terminate',
    reason: 'idle for 31 min',
    result: 'ended',
    detail: '',
  })),
};

function incidentMessage(notice: Notice, changed: Partial<Incident>, acts: readonly Act[] = []): Message {
  const details = { acts, rounds: [ROUND], approvals: [], settledLimits: [], look: LOOK, links: LINKS, now: NOW };
  return composeMessage(anIncident({ ...SEEN, ...changed }), notice, details);
}

/** Opened: before any diagnosis. */
function opened(changed: Partial<Incident> = {}): Message {
  const { id, alarm, openedAt } = { ...anIncident(), ...SEEN };
  const details = { acts: [], rounds: [], approvals: [], settledLimits: [], look: LOOK, links: LINKS, now: NOW };
  return composeMessage(anIncident({ id, target: TARGET, alarm, openedAt, ...changed }), 'opened', details);
}

function required(message: Message | null): Message {
  if (message === null) throw new Error('this kind has nothing to say');
  return message;
}

const COMPOSED: Readonly<Record<string, Message>> = {
  opened: opened(),
  'opened-observing': opened({ target: { ...TARGET, mode: 'observe' } }),
  resolved: incidentMessage('resolved', RELIEVED, [ACT]),
  observed: incidentMessage('observed', { status: 'closed', outcome: 'observed', closedAt: AT + 60_000 }),
  escalated: incidentMessage('escalated', ESCALATED),
  changed: incidentMessage('changed', ESCALATED),
  'page-2': incidentMessage('page-2', { ...ESCALATED, repeats: 1, repeatedAt: NOW }),
  failed: incidentMessage('failed', {
    status: 'closed',
    outcome: 'failed',
    closedAt: AT + 60_000,
    failure: { error: 'WorkerFault', detail: 'worker headroom-worker-shop did not answer' },
  }),
  done: incidentMessage('done', { ...RELIEVED, outcome: 'done', call: aCall() }, [ACT]),
  interrupted: incidentMessage('interrupted', {
    status: 'closed',
    outcome: 'interrupted',
    closedAt: AT + 60_000,
    failure: { error: 'interrupted', detail: 'stopped by ann' },
  }),
  approval: composeApproval(
    anIncident({ ...SEEN }),
    anApproval({ incidentId: SEEN.id ?? '', askedAt: AT, expiresAt: AT + 900_000 }),
    'https://page.example/?key=secret',
    LINKS,
  ),
  warning: composeWarning({ name: 'filling-up', since: AT, lastedMs: 95_000, sample: seenAt(NOW, 83) }, TARGET, NOW),
  'self-check': required(
    composeCheck(
      TARGET,
      [
        {
          id: 'way-in',
          title: 'way into a full server',
          status: 'failed',
          detail: 'the responder has no reserved slot',
          fix: 'GRANT pg_use_reserved_connections TO headroom_responder',
        } as never,
      ],
      NOW,
    ),
  ),
  'target-changed': required(composeChanges(TARGET, [{ kind: 'moved', before: 'db-OLD', now: 'db-NEW' }], NOW)),
  'limit-left': composeStuckLimit(
    {
      targetId: 'shop',
      user: 'exporter',
      account: '"exporter"',
      incidentId: SEEN.id ?? '',
      limit: 12,
      before: null,
      at: AT,
      setBy: AT,
      isSet: true,
      toldAt: null,
    },
    'permission denied to alter role',
    TARGET,
    NOW,
  ),
  gathered: composeGathered(
    Array.from({ length: 40 }, (_, n) => {
      const target = { ...TARGET, id: `shop-${n}` };
      const message =
        n < 32
          ? incidentMessage('escalated', { ...ESCALATED, id: `shop-${n}-20261121T030005000-a1b2c3`, target })
          : composeWarning({ name: 'filling-up', since: AT, lastedMs: 95_000, sample: seenAt(NOW, 83) }, target, NOW);
      return gatheredOf(message, NOW - 40_000 + n * 1_000);
    }),
    NOW,
  ),
  refused: composeRefusal({ targetId: 'shop', alarmName: 'cpu-high', reason: 'it is none of its alarms', at: NOW }),
};

/** One message of every kind, as an installation would send it. */
export const MESSAGE_KINDS: Readonly<Record<string, Message>> = Object.fromEntries(
  Object.entries(COMPOSED).map(([kind, message]) => [kind, linkPlacesTo(message, PLACES)]),
);

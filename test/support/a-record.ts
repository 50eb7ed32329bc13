import type { Act, VictimRecord } from '../../functions/core/record/act.ts';
import type { Round } from '../../functions/core/record/round.ts';
import type { IncidentRecord } from '../../functions/core/report/record.ts';
import type { RunUp } from '../../functions/core/sampler/run-up.ts';
import { NO_USUAL, type Usual, type UsualCount } from '../../functions/core/usual/usual.ts';
import { aTarget } from './a-session.ts';
import { anApproval } from './an-approval.ts';
import { anIncident } from './an-incident.ts';

/** When the alarm of these records went off. */
export const ALARM_AT = Date.UTC(2026, 10, 21, 3, 0, 5);
const SECOND = 1_000;
const ID = 'orders-20261121T030005000-abcdef';

export function aVictim(id: number, changed: Partial<VictimRecord> = {}): VictimRecord {
  return {
    identity: { server: 'server-1', id, incarnation: `born-${id}` },
    user: 'exporter',
    application: 'invoice-exporter',
    database: 'shop',
    client: '10.0.3.7',
    method: 'terminate',
    reason: 'its consumer holds 46, 0 to 4 are usual; idle for 3 min',
    result: 'ended',
    detail: '',
    ...changed,
  };
}

export function anAct(changed: Partial<Act> = {}): Act {
  return {
    incidentId: ID,
    round: 1,
    tier: 'kill-idle',
    startedAt: ALARM_AT + 12 * SECOND,
    finishedAt: ALARM_AT + 13 * SECOND,
    counted: 0,
    victims: [],
    limit: null,
    ...changed,
  };
}

const COUNT: UsualCount = { low: 0, all: 4, long: 4, used: 3, idle: 3, open: 0, busy: 1 };

const USUAL: Usual = {
  ...NO_USUAL,
  basis: 'profile',
  consumers: {
    'exporter/invoice-exporter': COUNT,
    'checkout/web-#': { ...COUNT, low: 4, all: 6, long: 6 },
    'app/worker-#': { ...COUNT, low: 1, all: 3, long: 3 },
  },
  over: ['exporter/invoice-exporter'],
};

const NAMES = Object.keys(USUAL.consumers);

/** An hour in which the exporter takes one slot after the other. */
const RUN_UP: RunUp = {
  names: NAMES,
  moments: Array.from({ length: 40 }, (_, index) => {
    const leaked = Math.min(41, Math.max(2, Math.round((index - 14) * 1.6)));
    const held = [leaked, 5 + (index % 2), 2 + (index % 3 === 0 ? 1 : 0)];
    const used = held.reduce((sum, each) => sum + each, 0) + 1;
    return { at: ALARM_AT - (40 - index) * 60 * SECOND + 5 * SECOND, used, usable: 52, isFull: used >= 52, held };
  }),
};

export function aRound(changed: Partial<Round> = {}): Round {
  return {
    incidentId: ID,
    round: 1,
    at: ALARM_AT + 10 * SECOND,
    usage: 98,
    used: 51,
    usable: 52,
    byState: { idle: 44, active: 7 },
    canary: 'refused as full',
    admission: 'by its warm session, in 2 ms, and may use reserved slots',
    holders: [
      { name: 'exporter/invoice-exporter', sessions: 41 },
      { name: 'checkout/web-#', sessions: 6 },
      { name: 'app/worker-#', sessions: 3 },
    ],
    cause: CAUSE,
    next: 'kill-idle',
    why: 'kill-idle ends 16 sessions; 15 slots must come free',
    planned: { 'kill-idle': 16 },
    spared: { 'at-usual': 9, enough: 25 },
    sparedSamples: { 'at-usual': ['4711 checkout/web-1 (idle 12 min)'], enough: ['4712 exporter/invoice-exporter'] },
    ...changed,
  };
}

const CAUSE = {
  name: 'connection-leak',
  confidence: 0.86,
  evidence: [
    'all 41 sessions of exporter/invoice-exporter were used once, when opened, and never since',
    'exporter/invoice-exporter holds 41, usually 0 to 4; checkout/web-# holds 6, as usual (by its profile)',
  ],
  ranking: [
    { name: 'connection-leak', probability: 0.86 },
    { name: 'pool-oversubscription', probability: 0.09 },
    { name: 'limit-too-low', probability: 0.02 },
  ],
} as const;

/** A leak at three in the morning that Headroom relieved, with an hour of samples before it. */
export function aRecord(): IncidentRecord {
  const choice = {
    harm: 16,
    frees: 16,
    chosen: [{ tier: 'kill-idle', kind: 'idle', sessions: 16, harm: 16, frees: 16 }],
    next: { tier: 'kill-idle', kind: 'idle', harm: 1, frees: 1, who: '4712 exporter/invoice-exporter' },
    alone: [{ tier: 'kill-idle', sessions: 16, harm: 16, frees: 16, isEnough: true }],
  } as const;
  const after = { usage: 67, used: 35, canary: 'admitted in 4 ms', cause: null, planned: {}, spared: {} };
  const holders = [
    { name: 'exporter/invoice-exporter', sessions: 25 },
    { name: 'checkout/web-#', sessions: 6 },
    { name: 'app/worker-#', sessions: 3 },
  ];
  return {
    incident: anIncident({
      id: ID,
      target: aTarget({ id: 'orders' }),
      status: 'closed',
      outcome: 'relieved',
      alarm: {
        alarm: 'headroom-orders-connections-critical',
        at: ALARM_AT,
        reason: 'ordinary clients are refused as full; usage 98% (51 of 52)',
      },
      openedAt: ALARM_AT + SECOND,
      firstActionAt: ALARM_AT + 12 * SECOND,
      reliefAt: ALARM_AT + 41 * SECOND,
      closedAt: ALARM_AT + 161 * SECOND,
      serverVersion: '16.14',
      admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 2 },
      usageBefore: 98,
      usageAfter: 67,
      usagePeak: 98,
      refused: 1,
      refusal: { from: ALARM_AT - 90 * SECOND, until: ALARM_AT + 20 * SECOND },
      cause: CAUSE,
      advice: [
        'restart the service behind invoice-exporter: it had 41 of 52 usable slots and did not use them',
        "as a safety net, for the user exporter: ALTER ROLE exporter SET idle_session_timeout = '15min'",
      ],
      rounds: 3,
      endedCount: 16,
      spared: { 'at-usual': 9, enough: 25 },
      notices: [{ notice: 'opened', at: ALARM_AT + 2 * SECOND, delivered: true, error: '' }],
      pendingNotices: [],
    }),
    rounds: [
      aRound({ usual: USUAL, runUp: RUN_UP, choice }),
      aRound({
        ...after,
        round: 2,
        at: ALARM_AT + 41 * SECOND,
        holders,
        next: 'watch',
        why: 'relief; watching for 2 min',
      }),
      aRound({ ...after, round: 3, at: ALARM_AT + 160 * SECOND, holders, next: 'close', why: 'relief held' }),
    ],
    acts: [anAct({ counted: 16, victims: Array.from({ length: 16 }, (_, index) => aVictim(4_720 + index)) })],
    approvals: [],
    settledLimits: [],
  };
}

/** The same with so many ended sessions, of ten consumers, for 2,400 reasons. */
export function aLargeRecord(sessions: number): IncidentRecord {
  const record = aRecord();
  const victims = Array.from({ length: sessions }, (_, index) =>
    aVictim(100_000 + index, {
      application: `invoice-exporter-${'abcdefghij'[index % 10]}`,
      reason: `its consumer holds 46, 0 to 4 are usual; idle for ${index % 240} min`,
    }),
  );
  return { ...record, acts: [anAct({ counted: sessions, victims })] };
}

/** Markup, links, control and bidirectional characters, and what Markdown and SVG take for their own. */
const HOSTILE =
  `<script>pwned=1</script></svg></style><img src=x onerror=pwned=1> [a](http://evil.example) ![b](//evil) ` +
  `\u202egnp.exe\u0000\u001b[31m\r\n# heading\n| cell | \`code\` **bold** &lt; javascript:alert(1) www.evil.example`;

/** The same incident on a server whose names, and whose people's words, are all hostile. */
export function aHostileRecord(text: string = HOSTILE): IncidentRecord {
  const record = JSON.parse(
    JSON.stringify(aRecord()).replaceAll('exporter/invoice-exporter', '@NAME@'),
    (_, value: unknown) => (typeof value === 'string' ? value.replaceAll('@NAME@', text) : value),
  ) as IncidentRecord;
  const { incident, rounds } = record;
  const victims = [aVictim(1, { user: text, application: text, database: text, reason: text, detail: text })];
  const cause = { ...CAUSE, evidence: [text] };
  const keys = { ...NO_KEYS, [text]: 3 };
  return {
    ...record,
    incident: {
      ...incident,
      target: { ...incident.target, endpoint: text },
      outcome: 'escalated',
      alarm: { ...incident.alarm, alarm: text, reason: text },
      serverVersion: text,
      cause,
      advice: [text],
      spared: keys,
      escalation: { reason: text, advice: [text], at: ALARM_AT },
      failure: { error: text, detail: text },
      acknowledgement: { by: text, at: ALARM_AT, note: text },
      closing: { by: text, at: ALARM_AT, note: text },
      notices: [{ notice: 'opened', at: ALARM_AT, delivered: false, error: text }],
    },
    rounds: [
      ...rounds,
      aRound({ round: 4, at: ALARM_AT + 200 * SECOND, canary: text, admission: text, leftOut: text, cause, why: text }),
      aRound({ round: 5, at: ALARM_AT + 210 * SECOND, next: text, unread: [text], planned: keys, spared: keys }),
      aRound({ round: 6, at: ALARM_AT + 220 * SECOND, sparedSamples: { [text]: [text] }, spared: keys }),
    ],
    acts: [anAct({ victims }), anAct({ round: 2, tier: text as Act['tier'] })],
    approvals: [anApproval({ status: 'denied', round: 4, decision: { by: text, via: 'page', address: text, at: 1 } })],
  };
}

const NO_KEYS: Readonly<Record<string, number>> = { 'at-usual': 9 };

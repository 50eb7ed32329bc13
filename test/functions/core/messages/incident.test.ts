import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CauseFinding } from '../../../../functions/core/cause/finding.ts';
import { composeMessage } from '../../../../functions/core/messages/incident.ts';
import type { Message } from '../../../../functions/core/messages/message.ts';
import { composeRefusal } from '../../../../functions/core/messages/refused-event.ts';
import { composeStuckLimit } from '../../../../functions/core/messages/stuck-limit.ts';
import { policy } from '../../../../functions/core/policy/policy.ts';
import type { Act, ActLimit, VictimRecord } from '../../../../functions/core/record/act.ts';
import type { Incident } from '../../../../functions/core/record/incident.ts';
import type { LimitRecord, SettledLimit } from '../../../../functions/core/record/limit.ts';
import type { Notice } from '../../../../functions/core/record/notice.ts';
import type { Round } from '../../../../functions/core/record/round.ts';

const T0 = Date.UTC(2026, 10, 21, 3, 0, 5);
const NOTICES: readonly Notice[] = ['opened', 'resolved', 'escalated', 'changed', 'observed', 'failed', 'done'];

const RELIEVED: Incident = {
  id: 'orders-20261121T030005000-a1b2c3',
  target: {
    id: 'orders',
    engine: 'postgres',
    instance: 'orders-db',
    endpoint: 'orders-db.example.internal:5432',
    worker: 'headroom-worker-orders',
    alarms: ['headroom-orders-connections-high'],
    mode: 'act',
    isRds: true,
    pools: [],
    policy: policy.parse({}),
  },
  status: 'closed',
  outcome: 'relieved',
  fence: 4,
  alarm: { alarm: 'headroom-orders-connections-high', at: T0, reason: 'Threshold Crossed' },
  call: null,
  joined: [],
  joinedCount: 0,
  openedAt: T0 + 2_000,
  firstActionAt: T0 + 5_000,
  reliefAt: T0 + 19_000,
  rebounds: 0,
  advice: ['restart the service behind app/leaky', 'set a leak detection threshold of a minute'],
  closedAt: T0 + 20_000,
  serverVersion: '18.4',
  serverIdentity: null,
  admission: { way: 'retry', reserved: true, attempts: 3, refusedAsFull: 2, waitedMs: 1_900 },
  usageBefore: 97.4,
  usageAfter: 63.8,
  usagePeak: 98.9,
  refused: 14,
  // Samples saw it before the alarm.
  refusal: { from: T0 - 190_000, until: T0 + 17_000 },
  cause: {
    name: 'connection-leak' as const,
    confidence: 0.71,
    evidence: ['shop/leaky-batch-# has 41 sessions idle for 6 min to 31 min', '97 of 100 usable slots are taken'],
    ranking: [],
  },
  rounds: 2,
  endedCount: 12,
  spared: { enough: 29, 'pool-minimum': 4, 'protected-user': 1 },
  pauses: [],
  escalation: null,
  closing: null,
  failure: null,
  acknowledgement: null,
  repeats: 0,
  repeatedAt: null,
  pendingNotices: ['resolved'],
  notices: [],
  announced: [],
  eventTrouble: null,
};

function victim(id: number, overrides: Partial<VictimRecord> = {}): VictimRecord {
  return {
    identity: { server: 's', id, incarnation: 'i' },
    user: 'shop',
    application: `leaky-batch-${id}`,
    database: 'orders',
    client: '10.0.0.7',
    method: 'terminate',
    reason: 'idle for 31 min',
    result: 'ended',
    detail: '',
    ...overrides,
  };
}

const ACT: Act = {
  incidentId: RELIEVED.id,
  round: 1,
  tier: 'kill-idle',
  startedAt: T0 + 5_000,
  finishedAt: T0 + 5_400,
  counted: 12,
  limit: null,
  victims: [...Array.from({ length: 12 }, (_, i) => victim(i)), victim(12, { result: 'changed' })],
};

const ROUND: Round = {
  incidentId: RELIEVED.id,
  round: 1,
  at: T0 + 4_000,
  usage: 97.4,
  used: 97,
  usable: 100,
  byState: { idle: 60 },
  canary: 'refused as full',
  admission: 'retry',
  cause: RELIEVED.cause,
  next: 'kill-idle',
  why: '',
  planned: { 'kill-idle': 13, 'break-locks': 0 },
  spared: {},
  sparedSamples: {},
};

const compose = (
  notice: Notice,
  overrides: Partial<Incident> = {},
  acts: readonly Act[] = [ACT],
  round = ROUND,
  settledLimits: readonly SettledLimit[] = [],
) =>
  composeMessage({ ...RELIEVED, ...overrides }, notice, {
    acts,
    rounds: [round],
    approvals: [],
    settledLimits,
    now: T0 + 21_000,
  });

const OPENED: Partial<Incident> = {
  status: 'open',
  outcome: null,
  firstActionAt: null,
  reliefAt: null,
  closedAt: null,
  serverVersion: null,
  admission: null,
  usageBefore: null,
  usageAfter: null,
  usagePeak: null,
  refused: 0,
  refusal: null,
  cause: null,
  spared: {},
  endedCount: 0,
};

describe('a resolved incident', () => {
  it('says in the subject how much relief came and what it cost', () => {
    expect(compose('resolved').subject).toBe('[Headroom] orders: relieved, 97% -> 64%, 12 sessions ended');
  });

  it('tells what, where, how bad, why, what was done, what is left and where to look', () => {
    expect(compose('resolved').body).toMatchInlineSnapshot(`
      "orders: relieved, 97% -> 64%, 12 sessions ended

      Do        Nothing now. To keep it from coming back:
      Later     restart the service behind app/leaky
                set a leak detection threshold of a minute
      Affects   whoever opens a new connection was refused from 2026-11-21 02:56:55 UTC to 2026-11-21 03:00:22 UTC
      Where     orders-db.example.internal:5432 (postgres 18.4, instance orders-db)
      How bad   usage 97% at first, 99% at most, 64% at last (of usable slots)
                14 logins of Headroom’s own refused as full; Headroom got in at try 3, in 1.9 s, and may use reserved slots
      Cause     a connection leak: idle sessions pile up and are not given back (71% sure)
                shop/leaky-batch-# has 41 sessions idle for 6 min to 31 min
                97 of 100 usable slots are taken
      Done      kill-idle (1 act): 12 ended, 1 left alone because of a change meanwhile
                mostly of shop/leaky-batch-# (12)
                whoever leaked these may still count them as lent out, until it is restarted
      Spared    34 sessions by the last plan:
                29: not needed: ending the others is enough to reach the relief level
                4: kept so that its pool has its minimum left (policy.minimumPerPool)
                1: its user is protected by the policy
      Report    npx --no headroom incidents report orders-20261121T030005000-a1b2c3
      Details   npx --no headroom incidents show orders-20261121T030005000-a1b2c3
      Say       "From 02:56 UTC, for 3 min, some requests failed because a database was out of connections. It has free connections again."
      Times     alarm 2026-11-21 03:00:05 UTC (headroom-orders-connections-high): Threshold Crossed
                opened 2 s later, first action 5 s later, relief 19 s later, closed 20 s later
                written 2026-11-21 03:00:26 UTC
      Stop      to keep Headroom from ending any session here: npx --no headroom pause --target orders --why "…"
      Words     slot: one connection that the server can hold; usable: open to ordinary clients
                a/b: user a, application b; # stands for what differs; spared: left alone
                relief level: where Headroom stops ending sessions; reserved slots: those that ordinary clients never get
                kill-idle: ends idle sessions
      "
    `);
  });

  it('carries the attributes to filter and to de-duplicate by', () => {
    expect(compose('resolved').attributes).toEqual({
      severity: 'info',
      outcome: 'relieved',
      target: 'orders',
      incidentId: RELIEVED.id,
      notice: 'resolved',
    });
  });

  it('says that there was nothing to do when it was not needed', () => {
    const { subject, body } = compose('resolved', { outcome: 'not-needed', usageAfter: 61 }, []);
    expect(subject).toBe('[Headroom] orders: nothing to do, 61% used');
    expect(body).toContain('Done      nothing was ended');
  });

  it('warns when it was not needed because clients are only at a limit of their own', () => {
    const evidence = ['the user shop has all 40 connections'];
    const cause = { name: 'consumer-limit' as const, confidence: 0.8, evidence, ranking: [] };
    const advice = ['raise that limit if the server has room for it'];
    const change = { outcome: 'not-needed' as const, usageAfter: 61, cause, advice };
    const { subject, body, attributes } = compose('resolved', change, []);
    expect(subject).toBe('[Headroom WARNING] orders: 61% used, but some clients are at a limit of their own');
    expect(body).toContain('Do        raise that limit if the server has room for it');
    expect(attributes.severity).toBe('warning');
  });

  it('tells how long it tried when it never got in', () => {
    const round = { ...ROUND, admission: 'refused as full after 40 tries in 60.0 s' };
    const { body } = compose('escalated', { admission: null }, [], round);
    expect(body).toContain('Headroom never got in: refused as full after 40 tries in 60.0 s');
  });
});

describe('the sentence for the status page', () => {
  const say = (notice: Notice, overrides: Partial<Incident>) =>
    /^Say +(.*)$/m.exec(compose(notice, overrides).body)?.[1] ?? null;
  const page = { status: 'open', outcome: null, closedAt: null } as const;

  it('says since when clients were seen refused, not since when there was an alarm, and for how long', () => {
    expect(say('resolved', {})).toBe(
      '"From 02:56 UTC, for 3 min, some requests failed because a database was out of connections. ' +
        'It has free connections again."',
    );
    expect(say('escalated', { ...page, refusal: { from: T0 - 190_000, until: null } })).toBe(
      '"Since 02:56 UTC some requests fail because a database is out of connections. We are working on it."',
    );
    expect(say('escalated', { ...page, refusal: { from: T0, until: T0 + 9_000 } })).toMatch(/for 9 s.* working on it/);
  });

  it('is missing where nobody was seen refused, however full the server was', () => {
    for (const notice of ['resolved', 'escalated', 'failed'] as const)
      expect(say(notice, { refusal: null, refused: 0, usageBefore: 100 })).toBeNull();
  });
});

describe('an opened incident', () => {
  it('is a warning, and says that what it does not know is unknown', () => {
    const { subject, body, attributes } = compose('opened', OPENED, []);
    expect(subject).toBe('[Headroom WARNING] orders: running out of connections');
    expect(attributes).toMatchObject({ severity: 'warning', outcome: 'open' });
    expect(body).toContain('postgres of unknown version');
    expect(body).toContain('Cause     not known yet');
    expect(body).toContain('How bad   Threshold Crossed');
    expect(body).toContain('still open');
  });

  it('says at once that clients are refused, where a sample saw that', () => {
    const reason = 'ordinary clients are refused as full; usage 98% (51 of 52)';
    const alarm = { ...RELIEVED.alarm, reason };
    const { subject, body, attributes } = compose('opened', { ...OPENED, alarm }, []);
    expect(subject).toBe('[Headroom CRITICAL] orders: OUT of connections, clients refused; usage 98% (51 of 52)');
    expect(body).toContain(`How bad   ${reason}`);
    expect(attributes.severity).toBe('critical');
  });

  it('is critical from 95% on', () => {
    expect(compose('opened', { ...OPENED, usageBefore: 94.9 }).attributes.severity).toBe('warning');
    expect(compose('opened', { ...OPENED, usageBefore: 95 }).attributes.severity).toBe('critical');
  });
});

describe('an incident that needs a person', () => {
  const escalation = {
    reason: 'usage is 96% and no tier may end anything more',
    advice: ['shed load', 'raise the limit'],
  };

  it('pages with the reason in the subject and what to do first in the body', () => {
    const { subject, body, attributes } = compose(
      'escalated',
      { outcome: 'escalated', reliefAt: null, escalation },
      [],
    );
    expect(subject).toBe('[Headroom CRITICAL] orders: needs a person; usage is 96% and no tier may end anything more');
    expect(attributes.severity).toBe('critical');
    expect(body.split('\n').slice(2, 5)).toEqual([
      'Do        shed load',
      '          see who holds what: npx --no headroom plan --target orders',
      'Later     raise the limit',
    ]);
  });

  it('says what could not be read, in the words of the server', () => {
    const unread = ['the locks that sessions hold could not be read: permission denied for view pg_locks'];
    const { body } = compose('escalated', { outcome: 'escalated', reliefAt: null, escalation }, [], {
      ...ROUND,
      unread,
    });
    expect(body).toContain(`Not seen  ${unread[0]}`);
    expect(compose('escalated', { outcome: 'escalated', reliefAt: null, escalation }, []).body).not.toContain(
      'Not seen',
    );
  });

  it('says that Headroom goes on, until when, and how to end that', () => {
    const open = { status: 'open', outcome: null, closedAt: null } as const;
    const staying = { ...escalation, at: T0, staysUntil: T0 + 3_600_000, state: 'pressing' } as const;
    const page = compose('escalated', { ...open, escalation: staying });
    expect(page.body).toContain('Next      Headroom stays until 2026-11-21 04:00:05 UTC: it keeps looking');
    expect(page.body).toContain(`headroom incidents close ${RELIEVED.id}`);
    expect(page.json).toMatchObject({ escalation: { staysUntil: T0 + 3_600_000 } });
    const ending = compose('escalated', { ...open, escalation: { ...staying, staysUntil: null } });
    expect(ending.body).not.toContain('Next ');
  });

  it('is told of a change for the worse, and of relief after all', () => {
    const worse = compose('changed', { outcome: null, escalation });
    expect(worse.subject).toMatch(/^\[Headroom CRITICAL\] orders: still needs a person; usage is 96%/);
    expect(worse.body).toContain('Ack  ');
    const { subject } = compose('resolved', { escalation });
    expect(subject).toBe('[Headroom] orders: relieved after the page, 97% -> 64%, 12 sessions ended');
  });

  it('leaves out of the subject what does not fit, and cuts no clause', () => {
    const long = 'locked out '.repeat(50).trim();
    const subjectFor = (reason: string) => compose('escalated', { escalation: { ...escalation, reason } }).subject;
    expect(subjectFor(long)).toBe('[Headroom CRITICAL] orders: needs a person; 64% used');
    expect(subjectFor(`still 96% full, nothing safe to end; ${long}; app/web holds 46 of 52`)).toBe(
      '[Headroom CRITICAL] orders: needs a person; still 96% full, nothing safe to end',
    );
    expect(subjectFor('still 96% full; app/web holds 46 of 52')).toBe(
      '[Headroom CRITICAL] orders: needs a person; still 96% full; app/web holds 46 of 52',
    );
  });

  it('says first what can be typed now, and what is for later after it', () => {
    const act = 'to end 11 idle sessions of app/web now: npx --no headroom end --user app --why "…" --target orders';
    const later = ['set a leak detection threshold', 'restart the service behind app/web', 'x', 'y', 'z', 'z'];
    const { body } = compose('escalated', { escalation: { ...escalation, advice: [...later, act] } });
    expect(body.split('\n')[2]).toBe(`Do        ${act}`);
    expect(body).toContain('Later     set a leak detection threshold');
  });

  it('says of every result how many sessions it was', () => {
    const victims = [victim(1), victim(2, { result: 'rolling-back' }), victim(3, { result: 'rolling-back' })];
    expect(compose('resolved', {}, [{ ...ACT, victims }]).body).toContain(
      'kill-idle (1 act): 1 ended, 2 ended, with work that is still being undone',
    );
  });

  it('tells of sessions that may have been ended without an answer', () => {
    const act = { ...ACT, finishedAt: null, victims: [victim(1, { result: null }), victim(2)] };
    const { body } = compose('failed', { outcome: 'failed', failure: { error: 'States.Timeout', detail: '' } }, [act]);
    expect(body).toContain('kill-idle (1 act): 1 ended, 1 possibly ended: no answer came');
  });

  it('says what Headroom failed of', () => {
    const failure = { error: 'WorkerFault', detail: 'worker headroom-worker-orders crashed' };
    const { subject, body } = compose('failed', { outcome: 'failed', failure });
    expect(subject).toBe('[Headroom CRITICAL] orders: Headroom failed, check manually; WorkerFault; 64% used');
    expect(body).toContain('Headroom stopped with: worker headroom-worker-orders crashed');
  });
});

describe('an observed incident', () => {
  it('says what would have been done, and that nothing was', () => {
    const { subject, body, attributes } = compose('observed', { outcome: 'observed', usageAfter: 97 }, []);
    expect(subject).toBe('[Headroom WARNING] orders: observed only, 97% used; 13 sessions would be ended');
    expect(body).toContain('Would do  kill-idle: 13 sessions');
    expect(body).not.toContain('break-locks');
    expect(attributes.severity).toBe('warning');
    expect(body).toContain('nothing was ended');
    expect(body).not.toContain('Done');
  });

  it('prints how a person does it now', () => {
    const line = 'to end 11 idle sessions of app/web now: headroom end --target orders --user app --why "…"';
    const { body } = compose('observed', { outcome: 'observed' }, [], { ...ROUND, byHand: [line] });
    expect(body).toContain(line);
  });

  it('says who paused it and why, and what had been done before', () => {
    const paused = { ...ROUND, why: 'paused by ann: a migration runs; would act: kill-idle ends 13 sessions' };
    const { subject, body } = compose('observed', { outcome: 'observed', usageAfter: 89 }, [ACT], paused);
    expect(subject).toContain('stopped acting, 89% used; 13 sessions would be ended');
    expect(body).toContain('nothing more was ended');
    expect(body).toContain('Why not: paused by ann: a migration runs');
    expect(body).toContain('Done      kill-idle (1 act): 12 ended');
  });
});

describe('a refused event', () => {
  it('is a warning that names target, alarm and reason', () => {
    const message = composeRefusal({ targetId: 'orders', alarmName: 'cpu-high', reason: 'none of its alarms', at: T0 });
    expect(message.subject).toBe('[Headroom WARNING] orders: an alarm was not understood; alarm cpu-high refused');
    expect(message.body).toContain('Why       none of its alarms');
    expect(message.attributes).toMatchObject({ severity: 'warning', outcome: 'refused', notice: 'refused' });
  });

  it('does without either name', () => {
    const { subject } = composeRefusal({ targetId: null, alarmName: null, reason: 'malformed', at: T0 });
    expect(subject).toBe('[Headroom WARNING] unknown: an alarm was not understood; unknown alarm refused');
  });
});

it('never says what a session ran, for it never gets to know', () => {
  const { json, body } = compose('resolved');
  expect(JSON.stringify({ json, body })).not.toMatch(/SELECT|statement/i);
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  fc.constantFrom(
    '\r\nSubject: x',
    '\u001b[31m',
    '‮\u202e',
    '\ud800',
    '…’·'.repeat(300),
    'ü'.repeat(5_000),
    '__proto__',
  ),
);

const numeric = fc.oneof(fc.double(), fc.constant(null));
const counts = fc.dictionary(hostile, fc.nat(), { maxKeys: 30 });
const hostileIncident = fc
  .record({
    alarm: fc.record({ alarm: hostile, at: fc.double(), reason: hostile }),
    serverVersion: hostile,
    usageBefore: numeric,
    usageAfter: numeric,
    usagePeak: numeric,
    refused: fc.nat(),
    spared: counts,
    cause: fc.record({
      name: hostile,
      confidence: fc.double(),
      evidence: fc.array(hostile, { maxLength: 30 }),
      ranking: fc.array(fc.record({ name: hostile, probability: fc.double() }), { maxLength: 5 }),
    }),
    escalation: fc.record({ reason: hostile, advice: fc.array(hostile, { maxLength: 30 }) }),
    failure: fc.record({ error: hostile, detail: hostile }),
    target: fc.record({ endpoint: hostile, instance: hostile }),
  })
  .map((fields): Incident => ({
    ...RELIEVED,
    ...fields,
    // A record may hold anything, whatever its type says.
    cause: fields.cause as CauseFinding,
    target: { ...RELIEVED.target, ...fields.target },
  }));
const aLimit = (user: string): ActLimit => ({
  user,
  account: user,
  limit: 40,
  before: null,
  reason: user,
  result: 'done',
  detail: user,
});
const hostileActs = fc.array(
  fc.record({ user: hostile, application: hostile, database: hostile }).map((names) => victim(1, names)),
  { maxLength: 30 },
);

function expectSound({ subject, body, json, attributes }: Message): void {
  expect(subject).toMatch(/^\[Headroom(?: WARNING| CRITICAL)?\] [\x20-\x7e]+$/);
  expect(subject.length).toBeLessThan(100);
  expect(Buffer.byteLength(body)).toBeLessThan(64_000);
  expect(body.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(body.split('\n').length).toBeLessThan(60);
  expect(Buffer.byteLength(JSON.stringify(json))).toBeLessThan(64_000);
  expect(Object.values(attributes).join('')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
}

const A_RECORD: LimitRecord = {
  targetId: 'orders',
  user: 'checkout',
  account: '"checkout"',
  incidentId: RELIEVED.id,
  limit: 40,
  before: null,
  at: T0,
  setBy: T0,
  isSet: true,
  toldAt: null,
};

describe('a temporary limit', () => {
  const act = { ...ACT, limit: aLimit('checkout') };
  const settled = (end: SettledLimit['end'], dropped: SettledLimit['dropped'] = null): SettledLimit => ({
    ...A_RECORD,
    end,
    endedAt: T0,
    dropped,
  });

  it('is told with what was before and what became of it', () => {
    expect(compose('resolved', {}, [act], ROUND, [settled('lifted')]).body).toContain(
      'limited the user checkout to 40 connections (before: no limit): lifted since',
    );
    expect(compose('escalated', {}, [act]).body).toContain('(before: no limit): until the incident is closed');
    expect(
      compose('resolved', {}, [act], ROUND, [settled('dropped', { by: 'ann', why: 'it is gone' })]).body,
    ).toContain('taken off the record manually, without asking the server, by ann: it is gone');
    expect(compose('resolved', {}, [act], ROUND, [settled('changed-by-hand')]).body).toContain('which stays');
    const refused = { ...act, limit: { ...act.limit, result: 'refused' as const } };
    expect(compose('escalated', {}, [refused]).body).toContain('tried to limit the user checkout');
    expect(compose('resolved', {}, [act], ROUND, [settled('lifted')]).json['limits']).toEqual([
      { user: 'checkout', limit: 40, before: null, result: 'done', end: 'lifted', dropped: null },
    ]);
  });

  it('that could not be lifted pages with the exact statement', () => {
    const { subject, body, json } = composeStuckLimit({ ...A_RECORD, before: 120 }, 'timed out', RELIEVED.target, T0);
    expect(subject).toContain('[Headroom CRITICAL]');
    expect(body).toContain('run as an administrator: ALTER ROLE "checkout" CONNECTION LIMIT 120');
    expect(body).toMatch(/headroom limits drop --target \S+ --user checkout --why/);
    expect(json).toMatchObject({ notice: 'limit-left', user: 'checkout', limit: 40, before: 120 });
  });
});

it('is sound whatever names, texts and numbers an incident holds', () => {
  fc.assert(
    fc.property(
      hostileIncident,
      hostileActs,
      counts,
      fc.constantFrom(...NOTICES),
      (incident, victims, planned, notice) => {
        const limit = aLimit(victims[0]?.user ?? '');
        const acts = [{ ...ACT, victims, limit }];
        const details = { acts, rounds: [{ ...ROUND, planned }], approvals: [], settledLimits: [], now: T0 };
        expectSound(composeMessage(incident, notice, details));
        const stuck = { ...A_RECORD, user: limit.user };
        expectSound(composeStuckLimit(stuck, limit.user, incident.target, T0));
      },
    ),
  );
});

it('is sound whatever a refused event holds', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, fc.double(), (targetId, alarmName, reason, at) => {
      expectSound(composeRefusal({ targetId, alarmName, reason, at }));
    }),
  );
});

it('stays short with 50 acts of 2,500 sessions each', () => {
  const acts = Array.from({ length: 50 }, (_, round) => ({
    ...ACT,
    round,
    victims: Array.from({ length: 2_500 }, (_v, id) => victim(id, { application: 'abcdefghijklmnop'[id % 16] ?? '' })),
  }));
  const { body } = compose('resolved', {}, acts);
  expect(body.length).toBeLessThan(4_000);
  expect(body).toContain('kill-idle (50 acts): 125000 ended');
});

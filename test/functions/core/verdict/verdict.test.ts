import { describe, expect, it } from 'vitest';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../../../functions/core/policy/target.ts';
import type { Refusal, RefusalKind, Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import type { Situation, Verdict } from '../../../../functions/core/verdict/situation.ts';
import { judgeRefusal, judgeSnapshot } from '../../../../functions/core/verdict/verdict.ts';
import { aPause } from '../../../support/a-pause.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, many } from '../../../support/a-session.ts';
import { busy, leak } from '../../../support/looks.ts';
import { anApproval } from '../../../support/an-approval.ts';
import { anIncident } from '../../../support/an-incident.ts';

const HOUR = 3_600_000;

function situationOf(target: Partial<TargetSettings> = {}, changed: Partial<Situation> = {}): Situation {
  const incident = anIncident({ target: aTarget(target), openedAt: HOUR });
  return {
    incident,
    now: HOUR,
    pauses: [],
    emptyRounds: 0,
    stayedRounds: 0,
    countedRounds: 0,
    hasActed: false,
    limited: [],
    refused: null,
    isWorsening: false,
    actedLately: {},
    approvals: [],
    ...changed,
  };
}

function judge(snapshot: Snapshot, situation = situationOf()): Verdict {
  return judgeSnapshot(snapshot, diagnoseSnapshot(snapshot, situation.incident.target, NO_HISTORY), situation);
}

const calm = aSnapshot(
  100,
  many(60, 1, (id) => active(id)),
);

const between = aSnapshot(
  100,
  many(80, 1, (id) => active(id)),
);

describe('what comes next', () => {
  it('is the tier that deals with the cause', () => {
    expect(judge(leak)).toMatchObject({ next: 'kill-idle' });
  });

  it('is to confirm, when usage is at the relief level: relieved after an act, else not needed', () => {
    expect(judge(calm)).toMatchObject({ next: 'confirm', outcome: 'not-needed' });
    expect(judge(calm, situationOf({}, { hasActed: true }))).toMatchObject({ next: 'confirm', outcome: 'relieved' });
  });

  it('names what kept it from more, and the command with which a person still can', () => {
    // Fifty pools of two, which is all that the policy lets them keep.
    const pools = many(100, 1, (id) => aSession(id, { client: `10.0.${id % 50}.1`, database: `shop${id % 50}` }));
    const verdict = judge(aSnapshot(100, pools), situationOf({}, { emptyRounds: 2 }));
    expect(verdict).toMatchObject({
      next: 'escalate',
      why:
        'still 100% full, nothing safe to end; app/web holds 100 of 100; ' +
        'spared: 100 (kept so that its pool has its minimum left (policy.minimumPerPool))',
    });
    if (verdict.next !== 'escalate') throw new Error('it does not');
    expect(verdict.advice.slice(0, 2)).toEqual([
      'to end 100 idle sessions of app/web now: npx --no headroom end --user app --application web --why "…" --target orders',
      'policy.minimumPerPool (2) keeps 100 idle sessions that could be ended; 30 slots must come free: ' +
        'lower it if pools can do with less',
    ]);
  });

  it('is no lower minimum where a budget is used up: that would free nothing', () => {
    const pools = many(80, 1, (id) => aSession(id, { client: `10.0.${id % 40}.1`, stateMs: HOUR }));
    const snapshot = aSnapshot(100, [...pools, ...many(20, 201, (id) => aSession(id, { stateMs: HOUR }))]);
    const situation = situationOf({}, { emptyRounds: 2 });
    const history = { ...NO_HISTORY, countedIncident: 1_000 };
    const diagnosis = diagnoseSnapshot(snapshot, situation.incident.target, history);
    const reasons = new Set(diagnosis.plan.spared.map(({ reason }) => reason));
    expect(reasons).toEqual(new Set(['pool-minimum', 'cap-incident']));
    const verdict = judgeSnapshot(snapshot, diagnosis, situation);
    if (verdict.next !== 'escalate') throw new Error('it does not');
    expect(verdict.advice.join()).not.toContain('policy.minimumPerPool');
  });

  it('is what may be done without asking, before anybody is waited for', () => {
    const queries = many(85, 1, (id) => active(id, { queryMs: HOUR, stateMs: HOUR, queryMark: 'q', wait: null }));
    const snapshot = aSnapshot(100, [...queries, ...many(15, 1_000, (id) => aSession(id, { stateMs: HOUR }))]);
    const asking = (tiers: Policy['tiers']) =>
      situationOf({
        policy: aPolicy({ tiers, caps: { perTierPercent: 20, perIncidentPercent: 50, perHourPercent: 100 } }),
      });
    expect(judge(snapshot, asking({}))).toMatchObject({ next: 'cancel-long' });
    expect(judge(snapshot, asking({ 'cancel-long': 'approve' }))).toMatchObject({ next: 'kill-idle' });
    const all = asking({ 'cancel-long': 'approve', 'kill-idle': 'approve' });
    expect(judge(snapshot, all)).toMatchObject({ next: 'ask', question: { tier: 'cancel-long' } });
  });

  it('is to wait for spare idle sessions while clients get in, and no longer than a minute while they are refused', () => {
    const waiting = (snapshot: Snapshot) => {
      const situation = situationOf({}, { emptyRounds: 2 });
      const diagnosis = diagnoseSnapshot(snapshot, situation.incident.target, NO_HISTORY);
      const soon = { tier: 'kill-idle' as const, sessions: 20, inMs: 100_000, ageMs: 150_000 };
      return judgeSnapshot(snapshot, { ...diagnosis, plan: { ...diagnosis.plan, soon } }, situation).next;
    };
    const working = many(90, 1, (id) => active(id));
    expect(waiting(aSnapshot(100, working))).toBe('settle');
    const full = { kind: 'full' as const, code: '53300', message: 'sorry, too many clients already' };
    const refused = { ...aSnapshot(100, working), canary: { result: 'refused' as const, refusal: full, tookMs: 3 } };
    expect(waiting(refused)).toBe('escalate');
  });

  it('counts no time that was spent waiting for people against the time an incident has', () => {
    const minutes = (count: number) => HOUR + count * 60_000;
    const waited = anApproval({ status: 'approved', askedAt: minutes(1), endedAt: minutes(15) });
    const late = { now: minutes(16), approvals: [waited] };
    expect(judge(leak, situationOf({}, late))).toMatchObject({ next: 'kill-idle' });
    expect(judge(leak, situationOf({}, { ...late, approvals: [] }))).toMatchObject({
      next: 'escalate',
      why: 'no relief after 12 minutes',
    });
    expect(judge(leak, situationOf({}, { ...late, now: minutes(26) }))).toMatchObject({ next: 'escalate' });
  });

  it('is nothing between relief level and trigger, unless Headroom has begun to act', () => {
    // One look may fall between two sessions of a storm.
    expect(judge(between)).toMatchObject({ next: 'confirm', outcome: 'not-needed' });
    expect(judge(between, situationOf({}, { hasActed: true }))).toMatchObject({ next: 'confirm', outcome: 'relieved' });
  });

  it('is a person, after looking again twice, when nobody may be ended', () => {
    expect(judge(busy)).toMatchObject({ next: 'settle' });
    expect(judge(busy, situationOf({}, { emptyRounds: 1 }))).toMatchObject({ next: 'settle' });
    expect(judge(busy, situationOf({}, { emptyRounds: 2 }))).toMatchObject({ next: 'escalate' });
  });

  it.each<[string, Partial<TargetSettings>, Partial<Situation>, Snapshot]>([
    ['the target observes', { mode: 'observe' }, {}, leak],
    ['a person has paused it', {}, { pauses: [aPause({ targetId: 'orders' })] }, leak],
    [
      'the server is newer than what was tested',
      {},
      {},
      { ...leak, server: { ...leak.server, major: 99, tested: false } },
    ],
    ['every tier that would help observes', { policy: aPolicy({ tiers: { 'kill-idle': 'observe' } }) }, {}, leak],
  ])('is to observe when %s, with the plan that was not carried out', (_, target, situation, snapshot) => {
    const verdict = judge(snapshot, situationOf(target, situation));
    expect(verdict).toMatchObject({ next: 'close', outcome: 'observed' });
    expect(verdict.why).toContain('kill-idle ends 30 sessions');
  });

  it('is a person when it has acted, is still pressed, and only tiers in observe mode are left', () => {
    const policy = aPolicy({ tiers: { 'kill-idle': 'observe' } });
    const verdict = judge(leak, situationOf({ policy }, { hasActed: true, emptyRounds: 2 }));
    expect(verdict).toMatchObject({ next: 'escalate' });
    expect(JSON.stringify(verdict)).toContain('kill-idle is in observe mode; it would end 30');
  });

  it('is a person, never an act, when the responder may not see or signal', () => {
    const blind = {
      seesSessions: false,
      maySignal: true,
      seesBlockers: true,
      missing: ['GRANT pg_monitor TO responder'],
    };
    const verdict = judge({ ...leak, visibility: blind });
    expect(verdict).toMatchObject({
      next: 'escalate',
      advice: ['run as an administrator: GRANT pg_monitor TO responder'],
    });
    expect(judge({ ...leak, visibility: { ...blind, seesSessions: true, maySignal: false } })).toMatchObject({
      next: 'escalate',
    });
  });

  it('is to watch whether relief holds, and to close as relieved only when it has held for as long as the policy says', () => {
    const relieved = (sinceMs: number) => {
      const situation = situationOf({}, { hasActed: true });
      return { ...situation, incident: { ...situation.incident, reliefAt: HOUR - sinceMs } };
    };
    expect(judge(calm, relieved(299_000))).toMatchObject({ next: 'watch' });
    expect(judge(between, relieved(299_000))).toMatchObject({ next: 'watch' });
    expect(judge(between, relieved(300_000))).toMatchObject({ next: 'close', outcome: 'relieved' });
    expect(judge(leak, relieved(299_000))).toMatchObject({ next: 'kill-idle' });
  });

  it('is a person, not another act, when the last acts made it worse or the same cause comes back again and again', () => {
    expect(judge(leak, situationOf({}, { hasActed: true, isWorsening: true }))).toMatchObject({ next: 'escalate' });
    expect(judge(leak, situationOf({}, { actedLately: { 'connection-leak': 2 } }))).toMatchObject({
      next: 'kill-idle',
    });
    expect(judge(leak, situationOf({}, { actedLately: { 'connection-leak': 3 } }))).toMatchObject({
      next: 'escalate',
      why: expect.stringContaining('3 incidents with this cause') as string,
    });
    expect(judge(leak, situationOf({}, { actedLately: { 'long-queries': 9 } }))).toMatchObject({ next: 'kill-idle' });
  });

  it('is to wait while another executor is ending sessions on the server', () => {
    const busy = { ...leak, othersActing: true };
    expect(judge(busy, situationOf({}, { emptyRounds: 9 }))).toMatchObject({ next: 'settle' });
    expect(judge(busy, situationOf({}, { now: HOUR + 12 * 60_000 }))).toMatchObject({ next: 'escalate' });
  });

  it('is a person at the second look when another login holds the server-side lock, with its name and the way out', () => {
    const squatter = aSession(999, { user: 'shop', application: 'psql', client: '10.0.0.9' });
    const squatted = { ...leak, lockTakenBy: squatter.identity.id, sessions: [...leak.sessions, squatter] };
    expect(judge(squatted, situationOf({}, { emptyRounds: 0 }))).toMatchObject({ next: 'settle' });
    const paged = judge(squatted, situationOf({}, { emptyRounds: 1 }));
    expect(paged).toMatchObject({ next: 'escalate' });
    expect(paged.why).toContain(`session ${squatter.identity.id} of user shop, application psql, from 10.0.0.9`);
    expect('advice' in paged && paged.advice.join()).toContain(`pg_terminate_backend(${squatter.identity.id})`);
  });

  it('is a person when rounds or time run out', () => {
    expect(judge(leak, situationOf({}, { countedRounds: 12 }))).toMatchObject({
      next: 'escalate',
      why: 'no relief after 12 rounds',
    });
    expect(judge(leak, situationOf({}, { now: HOUR + 12 * 60_000 }))).toMatchObject({
      next: 'escalate',
      why: 'no relief after 12 minutes',
    });
  });

  it('is a person when the canary fails for a reason of its own: relief could not be proven', () => {
    const refusal = { kind: 'authentication', code: '28P01', message: 'password authentication failed' } as const;
    const verdict = judge({ ...calm, canary: { result: 'refused', refusal } });
    expect(verdict).toMatchObject({ next: 'escalate' });
    expect(verdict.why).toContain('authentication');
  });

  it('says which cap stopped it', () => {
    const policy: Policy = aPolicy({ caps: { perTierPercent: 30, perIncidentPercent: 1, perHourPercent: 100 } });
    const situation = situationOf({ policy }, { emptyRounds: 2 });
    const history = { ...NO_HISTORY, countedIncident: 1 };
    const verdict = judgeSnapshot(leak, diagnoseSnapshot(leak, situation.incident.target, history), situation);
    expect(verdict.why).toContain('cap-incident');
  });
});

describe('a worker that does not get in', () => {
  const refusal = (kind: RefusalKind): Refusal => ({ kind, code: 'X', message: 'the server’s words\nover two lines' });
  const kinds: RefusalKind[] = [
    'full',
    'consumer-full',
    'out-of-resources',
    'host-blocked',
    'authentication',
    'iam-refused',
    'missing-database',
    'tls',
    'network',
    'silent',
    'wrong-server',
    'unfit-login',
    'too-late',
    'busy-elsewhere',
    'other',
  ];

  it.each(kinds)('is handed to a person at once with words of its own: %s', (kind) => {
    const verdict = judgeRefusal(refusal(kind), 60_000, situationOf());
    expect(verdict.next).toBe('escalate');
    expect(verdict.why).not.toContain('\n');
    const others = kinds
      .filter((other) => other !== kind)
      .map((other) => judgeRefusal(refusal(other), 60_000, situationOf()).why);
    expect(others).not.toContain(verdict.why);
  });

  it('says what to grant when every slot is taken', () => {
    const verdict = judgeRefusal(refusal('full'), 60_000, situationOf());
    expect(verdict).toMatchObject({ why: expect.stringContaining('none came free in 60 s') as string });
    expect('advice' in verdict && verdict.advice.join()).toContain('GRANT pg_use_reserved_connections');
  });

  it('is looked for again while the server starts, until the time is over', () => {
    expect(judgeRefusal(refusal('starting'), 0, situationOf()).next).toBe('settle');
    expect(judgeRefusal(refusal('starting'), 0, situationOf({}, { now: HOUR + 12 * 60_000 })).next).toBe('escalate');
  });
});

import { describe, expect, test } from 'vitest';
import { judgeCheck } from '../../../../functions/core/check/check.ts';
import { CHECKS, type CheckId } from '../../../../functions/core/check/finding.ts';
import { composeCheck } from '../../../../functions/core/messages/check.ts';
import type { CheckFacts } from '../../../../functions/core/protocol/check-facts.ts';
import type { CheckAnswer } from '../../../../functions/core/protocol/worker.ts';
import type { RefusalKind } from '../../../../functions/core/server/snapshot.ts';

const SOURCES = { responder: 'the URL in RESPONDER', canary: 'the URL in CANARY', tlsMode: 'verify-full' } as const;

const FACTS: CheckFacts = {
  server: { engine: 'postgres', version: '18.4', major: 18, tested: true, identity: '1', readOnly: false },
  limits: { maxConnections: 100, reserves: [{ name: 'reserved_connections', slots: 5 }], usable: 95 },
  login: {
    user: 'headroom_responder',
    database: 'postgres',
    isCanarysToo: false,
    isAdministrator: false,
    isApplications: false,
  },
  tlsVersion: 'TLSv1.3',
  clock: { skewMs: 3, withinMs: 1 },
  trials: [
    { right: 'see-sessions', result: 'worked', detail: '', fix: [] },
    { right: 'end-sessions', result: 'worked', detail: '', fix: [] },
    { right: 'server-lock', result: 'worked', detail: '', fix: [] },
  ],
  sight: { others: 4, hidden: 0, untracked: 0 },
  tracking: { setting: 'track_activities', isOn: true, isNeeded: true, without: '', fix: [] },
  reserve: { isOffered: true, slots: 5, detail: '5 slots', fix: [] },
  holders: [],
  powers: [],
  shown: { applications: null, administrators: null, owners: null, addresses: 3, hostNames: 0 },
  strangers: { responder: 0, canary: 0 },
  loginLimits: [],
  neighbours: 0,
  settings: [],
};

function inside(facts: Partial<CheckFacts> = {}): CheckAnswer {
  return {
    schema: 1,
    ok: true,
    admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 2 },
    check: { ...FACTS, ...facts },
    canary: { result: 'admitted', tookMs: 4 },
    sources: SOURCES,
  };
}

function refused(kind: RefusalKind, code = '', message = 'no'): CheckAnswer {
  return { schema: 1, ok: false, refusal: { kind, code, message }, attempts: 1, waitedMs: 0, sources: SOURCES };
}

function statusOf(answer: CheckAnswer, id: CheckId) {
  return judgeCheck(answer, { engine: 'postgres' }).find((finding) => finding.id === id)?.status;
}

describe('clocks', () => {
  test.each([
    [4_900, 0, 'ok'],
    [-6_000, 0, 'warning'],
    // Within the uncertainty of the round trip there may be no skew at all.
    [6_000, 2_000, 'ok'],
    [61_000, 0, 'failed'],
  ])('%i ms apart, known to %i ms: %s', (skewMs, withinMs, status) => {
    expect(statusOf(inside({ clock: { skewMs, withinMs } }), 'clock')).toBe(status);
  });
});

describe('a refusal', () => {
  const kinds: readonly RefusalKind[] = [
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
    'starting',
    'wrong-server',
    'unfit-login',
    'busy-elsewhere',
    'too-late',
    'other',
  ];

  test.each(kinds)('%s stops at one check, with a fix, and the rest is not reached', (kind) => {
    const findings = judgeCheck(refused(kind), { engine: 'postgres' });
    const stopped = findings.filter(({ status }) => status === 'failed');
    expect(stopped).toHaveLength(1);
    expect(stopped[0]?.fix).toBeTruthy();
    const last = findings.findLastIndex(({ status }) => status === 'failed' || status === 'ok');
    expect(findings.slice(last + 1).every(({ status }) => status === 'not-reached')).toBe(true);
  });

  test('of the network is told apart by its code', () => {
    const fixOf = (code: string) => judgeCheck(refused('network', code), { engine: 'postgres' })[0]?.fix;
    const fixes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET'].map(fixOf);
    expect(new Set(fixes).size).toBe(fixes.length);
  });

  test('shows no control characters of the server', () => {
    const text = JSON.stringify(judgeCheck(refused('other', '', 'a\u001b[2Jb'), { engine: 'postgres' }));
    expect(text).toContain('a·[2Jb');
  });
});

test('every engine has its own rights in the same report', () => {
  const idsFor = (engine: 'postgres' | 'mysql') => judgeCheck(refused('network'), { engine }).map(({ id }) => id);
  expect(idsFor('mysql')).toEqual(Object.keys(CHECKS));
  expect(idsFor('postgres')).toEqual(
    Object.keys(CHECKS).filter((id) => !['see-transactions', 'see-locks', 'cancel-queries'].includes(id)),
  );
});

test('a fix that several settings share comes once, after the last of them', () => {
  const settings = ['a', 'b'].map((name) => ({
    name,
    value: '0',
    remark: 'unwise',
    fix: [`ALTER SYSTEM SET ${name} = 1`, 'SELECT pg_reload_conf()'],
  }));
  const finding = judgeCheck(inside({ settings }), { engine: 'postgres' }).find(({ id }) => id === 'settings');
  expect(finding?.fix).toBe('ALTER SYSTEM SET a = 1; ALTER SYSTEM SET b = 1; SELECT pg_reload_conf()');
});

describe('the message of a self-check', () => {
  const target = { id: 'orders', engine: 'postgres', endpoint: 'db:5432', instance: 'orders' } as const;

  test('is none when nothing failed, warnings or not', () => {
    expect(composeCheck(target, judgeCheck(inside({ neighbours: 3 }), { engine: 'postgres' }), 0)).toBeNull();
  });

  test('says what to do first, with the whole fix', () => {
    const denied = {
      right: 'see-sessions',
      result: 'denied',
      detail: 'hidden',
      fix: ['GRANT pg_monitor TO h'],
    } as const;
    const findings = judgeCheck(inside({ trials: [denied], neighbours: 3 }), { engine: 'postgres' });
    const message = composeCheck(target, findings, Date.UTC(2026, 0, 1));
    expect(message?.subject).toBe(
      '[Headroom WARNING] orders: Headroom is not ready for an incident; failed: may see sessions',
    );
    expect(message?.body).toContain('Do        may see sessions: GRANT pg_monitor TO h');
    expect(message?.body).toContain('Warnings  database without applications');
    expect(message?.json).toMatchObject({
      notice: 'self-check',
      target: 'orders',
      findings: [
        { id: 'see-sessions', status: 'failed', fix: 'GRANT pg_monitor TO h' },
        { id: 'database', status: 'warning' },
      ],
    });
  });

  test('keeps to a short subject in ASCII whatever failed', () => {
    const findings = judgeCheck(refused('other'), { engine: 'mysql' }).map((finding) => ({
      ...finding,
      status: 'failed' as const,
    }));
    const subject = composeCheck(target, findings, 0)?.subject ?? '';
    expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  });
});

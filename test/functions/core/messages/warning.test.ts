import { describe, expect, it } from 'vitest';
import { composeWarning } from '../../../../functions/core/messages/warning.ts';
import { WARNINGS, type WarningName } from '../../../../functions/core/sampler/warnings.ts';
import { refusedAt, seenAt } from '../../../support/a-sample.ts';
import { aTarget } from '../../../support/a-session.ts';

const NOW = Date.UTC(2026, 10, 21, 3, 5);
const SINCE = NOW - 180_000;
const SAMPLES = {
  'filling-up': seenAt(NOW, 83),
  'headroom-low': seenAt(NOW, 93),
  'long-queries': seenAt(NOW, 10, {
    activity: {
      longestQueryMs: 900_000,
      longestTransactionMs: null,
      longQueries: 7,
      blocked: 0,
      sessionsOpened: null,
      loginsRefused: null,
    },
  }),
  'ghost-session': seenAt(NOW, 10, { responderSessions: 3 }),
  'canary-broken': seenAt(NOW, 10, { canary: 'authentication', detail: 'no such role' }),
  'no-access': refusedAt(NOW, 'tls'),
} as const satisfies Record<WarningName, unknown>;

const compose = (name: WarningName, sample = SAMPLES[name]) =>
  composeWarning({ name, since: SINCE, lastedMs: 180_000, sample }, aTarget(), NOW);

describe('a warning', () => {
  it.each(Object.keys(WARNINGS) as WarningName[])('%s: says what, what to do, and that nothing is done', (name) => {
    const { subject, body, json, attributes } = compose(name);
    expect(subject).toMatch(/^\[Headroom WARNING\] orders: [\x20-\x7e]+$/);
    expect(subject.length).toBeLessThan(100);
    expect(body).toContain('Headroom does nothing about it by itself');
    expect(body).toContain('since 2026-11-21 03:02:00 UTC');
    expect(json).toMatchObject({ notice: 'warning', warning: name, severity: 'warning', since: SINCE, at: NOW });
    expect(json['advice']).not.toEqual([]);
    expect(attributes).toEqual({
      severity: 'warning',
      outcome: 'warning',
      target: 'orders',
      incidentId: '',
      notice: 'warning',
    });
  });

  it.each<[WarningName, string]>([
    ['filling-up', '83 of 100 usable slots are taken (83%)'],
    ['headroom-low', 'under 10% are free'],
    ['long-queries', '7 queries over five minutes old, the oldest 15 min'],
    ['ghost-session', 'has 3 sessions and needs one'],
    ['canary-broken', 'authentication: no such role'],
    ['no-access', 'TLS to orders.example:5432 failed'],
  ])('%s carries its numbers', (name, words) => {
    expect(compose(name).body).toContain(words);
  });

  it('of a canary at a limit of its own is about the limit, and repairs no login', () => {
    const detail = 'too many connections for role "headroom_canary"';
    const { body } = compose('canary-broken', seenAt(NOW, 10, { canary: 'consumer-full', detail }));
    expect(body).toContain('a connection limit of the canary’s own is reached');
    expect(body).toContain('CONNECTION LIMIT -1');
    expect(body).not.toMatch(/cannot log in|headroom grants/);
  });

  it('of a worker that gives no answer leads to the worker', () => {
    const sample = { ...refusedAt(NOW, 'network'), refused: null, detail: 'it timed out' };
    expect(compose('no-access', sample).body).toContain('the worker does not answer (it timed out)');
  });
});

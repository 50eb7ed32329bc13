import { expect, test } from 'vitest';
import { affects } from '../../../../functions/core/messages/sections.ts';
import { newestLook } from '../../../../functions/core/sampler/newest-look.ts';
import { seenAt } from '../../../support/a-sample.ts';
import { anIncident } from '../../../support/an-incident.ts';

const AT = Date.UTC(2026, 10, 21, 3, 0, 5);
const WHEN = '2026-11-21 03:00:05 UTC';
const alarm = { alarm: 'headroom-shop-connections-high', at: AT, reason: '' };
const wordsOf = (usagePeak: number | null, look: number | null = null) =>
  affects(
    anIncident({ alarm, usagePeak, refusal: null }),
    look === null ? null : newestLook([seenAt(AT, look)], { now: AT, triggerPercent: 85 }),
  );

test('a server fills up only where that was measured', () => {
  const fillsUp = [`no client was seen refused; it fills up since ${WHEN} or before`];
  expect(wordsOf(93)).toEqual(fillsUp);
  expect(wordsOf(null, 93)).toEqual(fillsUp);
});

test('a server with room affects nobody, such as that of a rehearsal or of a person’s call', () => {
  const nobody = `nobody since ${WHEN}: no client was seen refused, and at most 30% of the slots were taken`;
  expect(wordsOf(30)).toEqual([nobody]);
  expect(wordsOf(null, 30)).toEqual([nobody]);
});

test('clients at a limit of their own are affected, whatever the server has free', () => {
  const cause = { name: 'consumer-limit', confidence: 0.9, evidence: [], ranking: [] } as const;
  const incident = anIncident({ alarm, usagePeak: 30, refusal: null, outcome: 'not-needed', cause });
  expect(affects(incident, null)[0]).toMatch(/^the clients of a user or database .*: refused since 2026-/);
});

test('what was not measured is not known', () => {
  expect(wordsOf(null)).toEqual([`not known yet: no client was seen refused, since the alarm at ${WHEN} or before`]);
});

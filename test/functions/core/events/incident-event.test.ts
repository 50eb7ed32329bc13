import fc from 'fast-check';
import { expect, it } from 'vitest';
import { composeEvent } from '../../../../functions/core/events/incident-event.ts';
import type { Act } from '../../../../functions/core/record/act.ts';
import { changesOf } from '../../../../functions/core/events/changes.ts';
import type { Incident } from '../../../../functions/core/record/incident.ts';
import { incidentEventSchema } from '../../../../reference/events-reference.ts';
import { aTarget } from '../../../support/a-session.ts';
import { anApproval, aSummary } from '../../../support/an-approval.ts';
import { anIncident } from '../../../support/an-incident.ts';

const STATE_MACHINE = 'arn:aws:states:eu-west-1:111122223333:stateMachine:headroom-workflow';
const ORIGIN = { installation: 'headroom', stateMachineArn: STATE_MACHINE };
const NOW = 60_000;

function actEnding(results: readonly ('ended' | 'changed' | null)[], name = 'web'): Act {
  return {
    incidentId: 'orders-1',
    round: 1,
    tier: 'kill-idle',
    startedAt: 5_000,
    finishedAt: 6_000,
    counted: results.length,
    limit: null,
    victims: results.map((result, id) => ({
      identity: { server: 's', id, incarnation: 'i' },
      user: name,
      application: name,
      database: name,
      client: name,
      method: 'terminate',
      reason: name,
      result,
      detail: name,
    })),
  };
}

function eventsOf(incident: Incident, acts: readonly Act[] = [], approvals = [anApproval()]) {
  return changesOf(incident, { acts, approvals }).map((change) =>
    composeEvent(incident, change, { acts, origin: ORIGIN, now: NOW }),
  );
}

const detailOf = (event: ReturnType<typeof composeEvent> | undefined) =>
  incidentEventSchema.parse(JSON.parse(event?.detail ?? 'null'));

it('has the figures of the record, and what is new about the change', () => {
  const incident = anIncident({
    id: 'orders-1',
    openedAt: 1_000,
    usageBefore: 97,
    usageAfter: 60,
    endedCount: 2,
    cause: { name: 'connection-leak', confidence: 0.7, evidence: ['app/web holds 41'], ranking: [] },
  });
  const acts = [actEnding(['ended', 'ended', 'changed', null])];
  const acting = eventsOf(incident, acts).find(({ changeId }) => changeId === 'acting-1-kill-idle');
  expect(acting).toMatchObject({
    at: 5_000,
    source: 'headroom',
    detailType: 'Headroom Incident Change',
    resources: ['arn:aws:states:eu-west-1:111122223333:execution:headroom-workflow:orders-1'],
  });
  expect(detailOf(acting)).toMatchObject({
    version: 1,
    id: 'orders-1/acting-1-kill-idle',
    change: 'acting',
    at: 5_000,
    madeAt: NOW,
    installation: 'headroom',
    account: '111122223333',
    region: 'eu-west-1',
    target: 'orders',
    usageBefore: 97,
    usageAfter: 60,
    cause: { name: 'connection-leak', confidence: 0.7 },
    act: { round: 1, tier: 'kill-idle', sessions: 4 },
    acts: [{ tier: 'kill-idle', acts: 1, results: { ended: 2, changed: 1 }, unknown: 1 }],
    question: null,
    links: {
      show: 'npx --no headroom incidents show orders-1',
      execution: `https://console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/${String(acting?.resources[0])}`,
    },
  });
});

it('tells what is asked and until when, without the key of the link', () => {
  const [, asked] = eventsOf(anIncident(), [], [anApproval({ plan: aSummary({ tier: 'cancel-long', sessions: 3 }) })]);
  expect(detailOf(asked).question).toEqual({ round: 1, tier: 'cancel-long', sessions: 3, expiresAt: 15 * 60_000 });
  expect(asked?.detail).not.toMatch(/key=|planHash/);
});

it('has no workflow to lead to where a person ended sessions manually', () => {
  const call = { by: 'ann', why: '', active: false, samples: [] } as unknown as NonNullable<Incident['call']>;
  const [opened] = eventsOf(anIncident({ call }));
  expect(opened?.resources).toEqual([]);
  expect(detailOf(opened).links.execution).toBeNull();
});

it('is small and as documented whatever names and texts there are, with nothing in it that acts on a reader', () => {
  const hostile = fc.oneof(
    fc
      .array(
        fc.constantFrom('a', ' ', '"', '\\', '\u202e', '\u0000', '\n', '\ud800', '\u2028', '://', 'www.', '\u{1f4a3}'),
      )
      .map((parts) => parts.join('').repeat(50)),
    fc.constantFrom('\u202e\u0000\n', 'https://evil.example/', '\u{1f4a3}'.repeat(4_000), 'x'.repeat(9_000)),
  );
  fc.assert(
    fc.property(hostile, fc.integer({ min: 0, max: 3 }), (text, acts) => {
      const incident = anIncident({
        target: aTarget({ instance: text, endpoint: text }),
        status: 'closed',
        outcome: 'failed',
        reliefAt: 2,
        closedAt: 3,
        alarm: { alarm: text, at: 0, reason: text },
        advice: [text],
        cause: { name: 'connection-leak', confidence: 1, evidence: [text], ranking: [] },
        escalation: { reason: text, advice: [text], at: 1 },
        failure: { error: text, detail: text },
        acknowledgement: { by: text, at: 4, note: text },
      });
      const done = Array.from({ length: acts }, () => actEnding(['ended', null], text));
      for (const event of eventsOf(incident, done)) {
        detailOf(event);
        expect(Buffer.byteLength(event.detail)).toBeLessThan(12_000);
        expect(event.detail).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(event.detail.replaceAll('https://console.aws.amazon.com/', '')).not.toContain('://');
      }
    }),
    { numRuns: 30 },
  );
});

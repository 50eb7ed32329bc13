import { describe, expect, it } from 'vitest';
import { composeMessage } from '../../../../functions/core/messages/incident.ts';
import type { Incident } from '../../../../functions/core/record/incident.ts';
import { REPEATS } from '../../../../functions/core/record/notice.ts';
import { dueRepeat, findUnanswered, ordinalOf } from '../../../../functions/core/record/repeated-pages.ts';
import { aCall } from '../../../support/a-call.ts';
import { aPolicy, aTarget } from '../../../support/a-session.ts';
import { anIncident } from '../../../support/an-incident.ts';

const MINUTE = 60_000;
const ESCALATION = { repeatMinutes: 15, maxRepeats: 3 };

function closed(outcome: Incident['outcome'], changed: Partial<Incident> = {}): Incident {
  const escalation = outcome === 'escalated' ? { reason: 'caps reached', advice: ['look'] } : null;
  return anIncident({ status: 'closed', outcome, closedAt: 0, pendingNotices: [], escalation, ...changed });
}

describe('an unanswered page', () => {
  const escalated = closed('escalated', { id: 'a' });

  it('is that of the latest escalated or failed incident that nothing since has put right', () => {
    expect(findUnanswered([escalated, closed('failed', { id: 'b' })])?.id).toBe('a');
    expect(findUnanswered([anIncident(), closed('observed'), closed('done', { call: aCall() }), escalated])?.id).toBe(
      'a',
    );
    expect(findUnanswered([closed('relieved'), escalated])).toBeNull();
    expect(findUnanswered([closed('not-needed'), escalated])).toBeNull();
    expect(findUnanswered([closed('failed', { call: aCall() })])).toBeNull();
    expect(findUnanswered([])).toBeNull();
  });

  it('is said again after the time that the policy says, so often, and never once it is acknowledged', () => {
    const due = (changed: Partial<Incident>, minutes: number) =>
      dueRepeat(closed('escalated', changed), ESCALATION, minutes * MINUTE);
    expect([due({}, 14), due({}, 15)]).toEqual([null, 'page-2']);
    const later = { repeats: 1, repeatedAt: 20 * MINUTE };
    expect([due(later, 34), due(later, 35)]).toEqual([null, 'page-3']);
    expect(due({ repeats: 3, repeatedAt: 0 }, 9_999)).toBeNull();
    expect(due({ acknowledgement: { by: 'ann', at: 0, note: '' } }, 9_999)).toBeNull();
    // The first page has not been delivered yet: the reconciler goes on trying that one.
    expect(due({ pendingNotices: ['escalated'] }, 9_999)).toBeNull();
    expect(dueRepeat(closed('escalated'), { ...ESCALATION, maxRepeats: 0 }, 9_999 * MINUTE)).toBeNull();
  });

  it('is counted in words, and the last one says so', () => {
    expect(REPEATS.map((repeat) => ordinalOf(repeat, { repeatMinutes: 1, maxRepeats: 9 }))).toEqual([
      '2nd page',
      '3rd page',
      '4th page',
      '5th page',
    ]);
    expect(ordinalOf('page-4', ESCALATION)).toBe('last page');
  });
});

describe('a page', () => {
  const compose = (incident: Incident, notice: Parameters<typeof composeMessage>[1]) =>
    composeMessage(incident, notice, { acts: [], rounds: [], approvals: [], settledLimits: [], now: 0 });

  it('says how to acknowledge it and what happens otherwise', () => {
    const { body } = compose(closed('escalated', { id: 'orders-1' }), 'escalated');
    expect(body).toContain('Ack       npx --no headroom acknowledge orders-1\n');
    expect(body).toContain('a page comes every 15 min, 3 more at most');
    const once = aTarget({ policy: aPolicy({ escalation: { ...ESCALATION, maxRepeats: 0 } }) });
    expect(compose(closed('escalated', { target: once }), 'escalated').body).not.toContain('acknowledge');
  });

  it('that is repeated says what the first one said, which one it is, and is critical', () => {
    const second = compose(closed('escalated', { repeats: 1 }), 'page-2');
    expect(second.subject).toBe('[Headroom CRITICAL] orders: 2nd page, not acknowledged; needs a person; caps reached');
    expect(second.attributes).toMatchObject({ severity: 'critical', notice: 'page-2' });
    expect(second.body).toContain('2 more at most');
    const failure = { error: 'workflow timed-out', detail: '' };
    const last = compose(closed('failed', { repeats: 3, failure }), 'page-4');
    expect(last.body).toContain('last page, not acknowledged; Headroom failed, check manually; workflow timed-out');
    expect(last.body).toContain('no more pages come for this incident');
  });
});

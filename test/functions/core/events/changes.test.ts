import { describe, expect, it } from 'vitest';
import type { Act } from '../../../../functions/core/record/act.ts';
import { changesOf, mayAnnounce, unannounced } from '../../../../functions/core/events/changes.ts';
import { anApproval } from '../../../support/an-approval.ts';
import { anIncident } from '../../../support/an-incident.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const act = (round: number, startedAt: number): Act => ({
  incidentId: 'i',
  round,
  tier: 'kill-idle',
  startedAt,
  finishedAt: null,
  counted: 0,
  victims: [],
  limit: null,
});
const NOTHING = { acts: [], approvals: [] };
const idsOf = (...args: Parameters<typeof changesOf>) => changesOf(...args).map(({ id }) => id);

describe('changesOf', () => {
  it('lists every change that the record shows in the order in which they happened', () => {
    const incident = anIncident({
      openedAt: 1,
      escalation: { reason: 'r', advice: [], at: 4, changedAt: 7 },
      reliefAt: 8,
      closedAt: 9,
      acknowledgement: { by: 'ann', at: 6, note: '' },
    });
    const acts = [act(1, 3), act(2, 5)];
    expect(idsOf(incident, { acts, approvals: [anApproval({ round: 1, askedAt: 2 })] })).toEqual([
      'opened',
      'approval-wanted-1',
      'acting-1-kill-idle',
      'escalated',
      'acting-2-kill-idle',
      'acknowledged',
      'escalated-2',
      'relieved',
      'closed',
    ]);
  });

  it('tells a relief after a rebound from the one before', () => {
    expect(idsOf(anIncident({ reliefAt: 5 }), NOTHING)).toContain('relieved');
    expect(idsOf(anIncident({ reliefAt: null, rebounds: 1 }), NOTHING)).toEqual(['opened']);
    expect(idsOf(anIncident({ reliefAt: 9, rebounds: 1 }), NOTHING)).toContain('relieved-2');
  });

  it('takes a page of a record that does not say when for the end of its incident', () => {
    const [, escalated] = changesOf(anIncident({ closedAt: 9, escalation: { reason: 'r', advice: [] } }), NOTHING);
    expect(escalated).toEqual({ id: 'escalated', kind: 'escalated', at: 9 });
  });
});

describe('what is announced', () => {
  it('is what is not announced yet, and not a day old', () => {
    const incident = anIncident({ openedAt: 0, reliefAt: HOUR, closedAt: 2 * HOUR, announced: ['relieved'] });
    const changes = changesOf(incident, NOTHING);
    expect(unannounced(changes, incident, 3 * HOUR).map(({ id }) => id)).toEqual(['opened', 'closed']);
    expect(unannounced(changes, incident, 24 * HOUR).map(({ id }) => id)).toEqual(['closed']);
    expect(unannounced(changes, incident, 26 * HOUR)).toEqual([]);
  });

  it('is not looked for in a closed incident all of whose ends are told', () => {
    const closed = anIncident({ status: 'closed', closedAt: 0 });
    expect(mayAnnounce(anIncident(), HOUR)).toBe(true);
    expect(mayAnnounce(closed, HOUR)).toBe(true);
    expect(mayAnnounce({ ...closed, announced: ['closed'] }, HOUR)).toBe(false);
    expect(mayAnnounce(closed, 25 * HOUR)).toBe(false);
    const acknowledged = { ...closed, announced: ['closed'], acknowledgement: { by: 'a', at: 20 * HOUR, note: '' } };
    expect(mayAnnounce(acknowledged, 30 * HOUR)).toBe(true);
  });

  it('is tried again after half as long as it has failed so far, every 15 minutes at least', () => {
    const failing = (since: number, at: number) => anIncident({ eventTrouble: { since, at, error: 'e' } });
    expect(mayAnnounce(failing(0, 0), 0)).toBe(true);
    expect(mayAnnounce(failing(0, 4 * MINUTE), 6 * MINUTE - 1)).toBe(false);
    expect(mayAnnounce(failing(0, 4 * MINUTE), 6 * MINUTE)).toBe(true);
    expect(mayAnnounce(failing(0, 10 * HOUR), 10 * HOUR + 15 * MINUTE - 1)).toBe(false);
    expect(mayAnnounce(failing(0, 10 * HOUR), 10 * HOUR + 15 * MINUTE)).toBe(true);
  });
});

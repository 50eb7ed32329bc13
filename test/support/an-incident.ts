import type { Incident } from '../../functions/core/record/incident.ts';
import { aTarget } from './a-session.ts';

/** An incident that has just been opened, changed by what the test says. */
export function anIncident(changed: Partial<Incident> = {}): Incident {
  return {
    id: 'orders-20260101T000000000-abcdef',
    target: aTarget(),
    status: 'open',
    outcome: null,
    fence: 1,
    alarm: { alarm: 'headroom-orders-connections-high', at: 0, reason: 'Threshold Crossed' },
    call: null,
    joined: [],
    joinedCount: 0,
    openedAt: 0,
    firstActionAt: null,
    reliefAt: null,
    rebounds: 0,
    closedAt: null,
    serverVersion: null,
    serverIdentity: null,
    admission: null,
    usageBefore: null,
    usageAfter: null,
    usagePeak: null,
    refused: 0,
    cause: null,
    advice: [],
    rounds: 0,
    endedCount: 0,
    spared: {},
    pauses: [],
    escalation: null,
    closing: null,
    failure: null,
    acknowledgement: null,
    repeats: 0,
    repeatedAt: null,
    pendingNotices: ['opened'],
    notices: [],
    ...changed,
  };
}

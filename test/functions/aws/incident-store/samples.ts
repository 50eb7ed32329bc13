import { policy } from '../../../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../../../functions/core/policy/target.ts';
import type { NewIncident } from '../../../../functions/core/ports/stores/incidents.ts';
import type { Act, VictimRecord } from '../../../../functions/core/record/act.ts';

/** 21 November 2026, 03:00 UTC. */
export const T0 = Date.UTC(2026, 10, 21, 3, 0, 0);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

function aTarget(id: string, overrides: Partial<TargetSettings> = {}): TargetSettings {
  return {
    id,
    engine: 'postgres',
    instance: `${id}-db`,
    endpoint: `${id}-db.example.internal:5432`,
    worker: `headroom-worker-${id}`,
    alarms: [`headroom-${id}-connections-high`],
    mode: 'act',
    isRds: true,
    pools: [],
    policy: policy.parse({}),
    ...overrides,
  };
}

export function aCandidate(targetId: string, id: string, at = T0, leaseMs = 5 * MINUTE): NewIncident {
  return {
    id,
    target: aTarget(targetId),
    alarm: { alarm: `headroom-${targetId}-connections-high`, at: at - 1000, reason: 'Threshold Crossed' },
    at,
    leaseUntil: at + leaseMs,
  };
}

export function aVictim(id: number, overrides: Partial<VictimRecord> = {}): VictimRecord {
  return {
    identity: { server: '1763690000000000', id, incarnation: '2026-11-21 02:30:00.123456+00' },
    user: 'shop',
    application: 'leaky-batch',
    database: 'orders',
    client: '10.0.0.7',
    method: 'terminate',
    reason: 'idle for 31 min',
    result: null,
    detail: '',
    ...overrides,
  };
}

export function anAct(incidentId: string, round: number, overrides: Partial<Act> = {}): Act {
  const victims = overrides.victims ?? [aVictim(1), aVictim(2)];
  return {
    incidentId,
    round,
    tier: 'kill-idle',
    startedAt: T0,
    finishedAt: null,
    counted: victims.length,
    victims,
    limit: null,
    ...overrides,
  };
}

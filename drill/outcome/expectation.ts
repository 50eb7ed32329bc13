import { configuredPercent, percent } from '../../functions/core/words/percent.ts';
import { checkEqual, checkThat, type Check } from '../scenario/checks.ts';
import type { DrillFacts } from '../scenario/facts.ts';
import type { Expectation, Scenario } from '../scenario/scenario.ts';

/** Compares the result of a drill with what its scenario expects. */
export function checkExpectation(scenario: Scenario, facts: DrillFacts, endedInnocent: number): Check[] {
  const { expect } = scenario;
  const { incident, ended } = facts;
  const maybe = new Set<string>(expect.mayEnd);
  const tiers = [...new Set(ended.map(({ tier }) => tier))].filter((tier) => !maybe.has(tier)).sort();
  return [
    checkEqual('outcome', expect.outcome, incident.outcome),
    checkCause(expect.cause, incident.cause?.name ?? 'none'),
    checkEqual('tiers that ended something', [...expect.tiers].sort().join(', ') || 'none', tiers.join(', ') || 'none'),
    checkEqual('innocent sessions ended', 0, endedInnocent),
    ...checkRelief(scenario, facts),
    ...checkNotices(facts),
    ...(expect.also?.(facts) ?? []),
  ];
}

function checkCause(expected: Expectation['cause'], found: string): Check {
  const causes: readonly string[] = expected === null ? ['none'] : [expected].flat();
  return checkThat('cause', causes.join(' or '), found, causes.includes(found));
}

/**
 * Relief is confirmed at the relief level. After that it holds while usage stays under the trigger.
 */
function checkRelief({ expect, policy }: Scenario, { incident }: DrillFacts): Check[] {
  if (expect.outcome !== 'relieved') return [];
  const triggerPercent = policy.triggerPercent ?? 85;
  const usage = incident.usageAfter;
  const took = incident.reliefAt === null ? null : (incident.reliefAt - incident.alarm.at) / 1000;
  return [
    checkThat(
      'usage afterwards',
      `under ${configuredPercent(triggerPercent)}`,
      percent(usage, 'not known'),
      usage !== null && usage < triggerPercent,
    ),
    // The policy says how long it may take: an incident that lasts longer is escalated.
    checkThat('relief', 'confirmed', took === null ? 'never' : `${took.toFixed(1)} s`, took !== null),
  ];
}

const LAST_NOTICE = {
  relieved: 'resolved',
  'not-needed': 'resolved',
  observed: 'observed',
  escalated: 'escalated',
  failed: 'failed',
  done: 'done',
  interrupted: 'interrupted',
} as const;

function checkNotices({ incident }: DrillFacts): Check[] {
  const notified = incident.notices.filter(({ delivered }) => delivered).map(({ notice }) => notice);
  const wanted = incident.outcome === null ? 'failed' : LAST_NOTICE[incident.outcome];
  return [checkThat('a person was notified', wanted, notified.join(', ') || 'nothing', notified.includes(wanted))];
}

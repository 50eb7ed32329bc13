import { describe, expect, it } from 'vitest';
import type { CauseFinding } from '../../../../functions/core/cause/finding.ts';
import type { Act } from '../../../../functions/core/record/act.ts';
import { countAgainstBudgets } from '../../../../functions/core/record/history.ts';
import type { Round } from '../../../../functions/core/record/round.ts';
import { readActedOn, type ActedOn } from '../../../../functions/core/verdict/acted-on.ts';
import { betterFinding } from '../../../../functions/core/verdict/better-finding.ts';

const finding = (name: CauseFinding['name'], confidence: number): CauseFinding => ({
  name,
  confidence,
  evidence: [],
  ranking: [],
});
const leak = finding('connection-leak', 0.95);
const locks = finding('lock-contention', 0.6);
const pools = finding('pool-oversubscription', 0.99);
const nothing = finding('unclear', 0.6);
const pressing = { pressing: true, hasActed: false, cameBack: false, actedOn: null };
const acted = { ...pressing, hasActed: true };
const actedOn = (cause: CauseFinding, ...tiers: ActedOn['tiers']): ActedOn => ({ cause, advice: ['as then'], tiers });
const calm = (of: ActedOn | null) => ({ ...acted, pressing: false, actedOn: of });

type Case = [string, CauseFinding, CauseFinding | null, Parameters<typeof betterFinding>[2], CauseFinding | null];

it.each<Case>([
  ['the first finding counts', leak, null, { ...pressing, pressing: false }, leak],
  ['a calm server changes nothing', pools, leak, { ...pressing, pressing: false }, null],
  ['under pressure the later one counts, before any act', locks, leak, pressing, locks],
  ['a sure one stays once Headroom has acted', pools, leak, acted, null],
  ['an unsure one gives way to a surer one', leak, locks, acted, leak],
  [
    'a sure one gives way when what was ended came back',
    finding('connection-storm', 0.9),
    leak,
    { ...acted, cameBack: true },
    finding('connection-storm', 0.9),
  ],
  ['what was acted on comes back once the server is calm', leak, pools, calm(actedOn(locks, 'break-locks')), locks],
  ['what was acted on stays', pools, locks, calm(actedOn(locks, 'break-locks')), null],
  [
    'nothing named gives way to a name, also on a calm server',
    leak,
    nothing,
    calm(actedOn(nothing, 'kill-idle')),
    leak,
  ],
  ['but not to one that calls for another act', pools, nothing, calm(actedOn(nothing, 'break-locks')), null],
])('%s', (_, found, before, circumstances, expected) => {
  expect(betterFinding({ cause: found, advice: [] }, before, circumstances)?.cause ?? null).toEqual(expected);
});

describe('what the acts were for', () => {
  const round = (number: number, used: number, cause: CauseFinding, frees = 0): Round => ({
    incidentId: 'a',
    round: number,
    at: number,
    usage: used,
    used,
    usable: 100,
    byState: {},
    canary: '',
    admission: '',
    cause,
    advice: [`about ${cause.name}`],
    next: 'kill-idle',
    why: '',
    planned: {},
    spared: {},
    sparedSamples: {},
    choice: {
      harm: 1,
      frees,
      chosen: [{ tier: 'break-locks', kind: 'open-transaction', sessions: 1, harm: 1, frees }],
      next: null,
      alone: [],
    },
  });
  const act = (of: number, tier: Act['tier'], ended: number, limit: Act['limit'] = null): Act => {
    const victims = Array.from({ length: ended }, (_, id): Act['victims'][number] => ({
      identity: { server: 's', id, incarnation: '' },
      user: 'app',
      application: 'web',
      database: null,
      client: null,
      method: 'terminate',
      reason: '',
      result: 'ended',
      detail: '',
    }));
    const counted = countAgainstBudgets(victims);
    return { incidentId: 'a', round: of, tier, startedAt: of, finishedAt: of, counted, victims, limit };
  };
  const causeOf = (rounds: Round[], acts: Act[], usedNow: number) => readActedOn({ rounds, acts, usedNow }, null);

  it('are none before any has changed anything', () => {
    expect(causeOf([round(1, 98, locks)], [act(1, 'kill-idle', 0)], 98)).toBeNull();
  });

  it('is what freed the most: the waiters of a lock count, and sessions that came back do not', () => {
    const broken = [round(1, 98, locks, 41), round(2, 97, pools)];
    const found = causeOf(broken, [act(1, 'break-locks', 1), act(2, 'kill-idle', 25)], 70);
    expect(found).toMatchObject({ cause: locks, advice: ['about lock-contention'], tiers: ['break-locks'] });
    const vain = [round(1, 98, pools), round(2, 97, leak)];
    expect(causeOf(vain, [act(1, 'kill-idle', 30), act(2, 'kill-idle', 20)], 70)?.cause).toBe(leak);
  });

  it('is the storm that a limit was set for, however few it ended', () => {
    const storm = finding('connection-storm', 0.7);
    const limit = {
      user: 'x',
      account: '"x"',
      limit: 5,
      before: null,
      reason: '',
      result: 'done' as const,
      detail: '',
    };
    const rounds = [round(1, 98, pools), round(2, 90, storm)];
    expect(causeOf(rounds, [act(1, 'kill-idle', 30), act(2, 'cap-consumer', 1, limit)], 70)?.cause).toBe(storm);
  });
});

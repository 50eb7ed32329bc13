import type * as z from 'zod/mini';
import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import type { Mode, policy } from '../../functions/core/policy/policy.ts';
import type { TierName } from '../../functions/core/policy/tier-names.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Outcome } from '../../functions/core/protocol/steps.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import type { Reply } from '../../local/runs/approver.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import type { Check } from './checks.ts';
import type { DrillFacts } from './facts.ts';

/** A rehearsal: who fills the server and how, what Headroom may do, and what the result must be. */
export interface Scenario {
  readonly name: string;
  /** One sentence, for lists. */
  readonly summary: string;
  /** Where it makes sense. */
  readonly engines: readonly EngineName[];
  readonly server: {
    /** Reserves included. On servers that keep reserves outside of it, it is lowered by as much. */
    readonly maxConnections: number;
    readonly superuserReserved: number;
    /** For members of pg_use_reserved_connections; servers before PostgreSQL 16 have none. */
    readonly reserved: number;
  };
  readonly mode: Mode;
  readonly policy: z.input<typeof policy>;
  /** Started one after the other, each when the one before it has all its sessions. */
  readonly loads: readonly LoadInput[];
  /** The pools that a person has described in the target's configuration. */
  readonly pools?: HeadroomConfig['targets'][number]['pools'];
  /** Users whose connections Headroom may limit. */
  readonly limitableUsers?: readonly string[];
  /** Who is refused once the loads are up. `limited`: only the loads that have a limit of their own. */
  readonly refused: 'ordinary' | 'everybody' | 'limited';
  /**
   * False: there are no samples from before, as after an installation. Otherwise samples are taken while the loads
   * start, as in production, which also keeps the worker's session warm.
   */
  readonly isWarm?: boolean;
  /** How long the loads are left alone before the alarm, so that they grow as old as the policy's ages. */
  readonly ripenMs: number;
  /**
   * How many more incidents follow the first. After each, the last load starts again and fills the free slots.
   */
  readonly repeats?: number;
  /** The answers to the questions of tiers in mode approve, in turn; the last is repeated. */
  readonly answers?: readonly Reply['answer'][];
  /** Present while the first question is read: started before it is answered, and gone before the second is. */
  readonly lateLoads?: readonly LoadInput[];
  /** What a person does before the alarm goes off. */
  readonly before?: (store: IncidentStore) => Promise<void>;
  readonly expect: Expectation;
  /** What differs on an engine. */
  readonly on?: Partial<Record<EngineName, Partial<Pick<Scenario, 'policy' | 'loads' | 'expect'>>>>;
}

/** The scenario as it is rehearsed on an engine. */
export function scenarioOn(scenario: Scenario, engine: EngineName): Scenario {
  return { ...scenario, ...scenario.on?.[engine] };
}

export interface Expectation {
  readonly outcome: Outcome;
  /** Several where timing decides which is seen. */
  readonly cause: CauseName | readonly CauseName[] | null;
  /** Exactly the tiers that ended something, beside those that may have. */
  readonly tiers: readonly TierName[];
  /** Tiers whose sessions may be gone by themselves before they are ended: timing decides. */
  readonly mayEnd?: readonly TierName[];
  /** What else must be true here. */
  readonly also?: (facts: DrillFacts) => readonly Check[];
}

/** Production's policy, with its ages and waits compressed so that a rehearsal takes seconds. */
export const COMPRESSED = {
  ages: {
    idleSeconds: 3,
    idleInTransactionSeconds: 3,
    abortedTransactionSeconds: 2,
    querySeconds: 3,
    cancelGraceSeconds: 1,
    blockerTransactionSeconds: 3,
    blockerWaitSeconds: 2,
    blockerMinWaiters: 3,
  },
  loop: {
    settleSeconds: 1,
    maxRounds: 10,
    maxMinutes: 1,
    // A rehearsal ends at the page.
    stayMinutes: 0,
    reliefSamples: 3,
    reliefSpacingSeconds: 0.5,
    patienceSeconds: 10,
    holdSeconds: 2,
    watchSeconds: 1,
  },
} as const satisfies z.input<typeof policy>;

/** The pool that every ordinary scenario has beside its trouble: it must not be affected. */
export const HEALTHY_POOL = {
  name: 'the healthy pool',
  behaviour: 'healthy-pool',
  user: 'shop',
  application: 'shop-web',
  label: 'innocent',
  sessions: 8,
} as const satisfies LoadInput;

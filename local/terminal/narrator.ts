import * as z from 'zod/mini';
import { describeCause } from '../../functions/core/cause/find-cause.ts';
import { TIERS } from '../../functions/core/plan/tiers/index.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Round } from '../../functions/core/record/round.ts';
import { percent } from '../../functions/core/words/percent.ts';
import type { Progress } from '../machine/progress.ts';

/** One thing that happened, for a person who watches. */
export interface Line {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: 'state' | 'detail' | 'good' | 'bad' | 'notice';
  readonly text: string;
}

interface Narrator {
  hear(progress: Progress): void;
  /** Settles when everything heard so far has been reported. */
  caughtUp(): Promise<void>;
}

type FindStore = () => Promise<Pick<IncidentStore, 'rounds'>>;

/**
 * Reports a run as it happens, in order. `findStore` is asked for the records only once there is something to look up.
 */
export function createNarrator(findStore: FindStore, onLine: (line: Line) => void): Narrator {
  let reporting: Promise<void> = Promise.resolve();
  return {
    hear(progress) {
      reporting = reporting.then(async () => {
        for (const line of await linesOf(progress, findStore)) onLine({ at: progress.at, ...line });
      });
    },
    caughtUp: () => reporting,
  };
}

type Words = Omit<Line, 'at'>;

const diagnosed = z.object({ incidentId: z.string(), round: z.number(), next: z.string() });
const acted = z.object({
  act: z.object({
    result: z.object({ held: z.nullable(z.string()), counts: z.record(z.string(), z.number()) }),
  }),
});

async function linesOf(progress: Progress, findStore: FindStore): Promise<Words[]> {
  switch (progress.kind) {
    case 'state-entered':
      return QUIET_STATES.has(progress.state) ? [] : [{ kind: 'state', text: progress.state }];
    case 'state-exited':
      if (progress.state === 'Diagnose') return describeDiagnosis(progress.output, await findStore());
      return TIERS.some(({ state }) => state === progress.state) ? describeAct(progress.output) : [];
    case 'state-failed':
      // The approver reports it.
      if (progress.state === 'WaitForApproval' && progress.error === 'States.Timeout') return [];
      return [{ kind: 'bad', text: `${progress.state} failed: ${progress.error}` }];
    case 'state-retried':
      return [{ kind: 'detail', text: `${progress.state} is tried again` }];
    case 'state-caught':
      return [];
    case 'notification':
      return progress.delivery === 'failed'
        ? [{ kind: 'bad', text: `NOT notified: ${progress.subject}: ${progress.detail}` }]
        : [{ kind: 'notice', text: `notified: ${progress.subject}` }];
    case 'function':
      return LOUD_EVENTS.has(progress.event)
        ? [{ kind: 'bad', text: `${progress.name} ${progress.event}: ${progress.detail}` }]
        : [];
    case 'refused':
      return [{ kind: 'bad', text: `refused ${progress.operation}: ${progress.detail}` }];
    case 'task-waiting':
    case 'execution-ended':
    case 'function-log':
      return [];
    default:
      return progress satisfies never;
  }
}

const QUIET_STATES: ReadonlySet<string> = new Set(['ChooseTier', 'StayOrClose', 'Closed', 'Failed']);
const LOUD_EVENTS: ReadonlySet<string> = new Set(['timed-out', 'crashed', 'refused']);

async function describeDiagnosis(output: unknown, store: Pick<IncidentStore, 'rounds'>): Promise<Words[]> {
  const found = diagnosed.safeParse(output);
  if (!found.success) return [];
  const rounds = await store.rounds.of(found.data.incidentId);
  const round = rounds.find(({ round }) => round === found.data.round);
  return round === undefined ? [] : describeRound(round);
}

/** Also shows a recorded incident in the same words. */
export function describeRound(round: Round): Words[] {
  const usage =
    round.usage === null
      ? `not let in: ${round.admission}`
      : `usage ${percent(round.usage)} (${round.used} of ${round.usable} usable slots), ordinary clients: ${round.canary}`;
  const cause = round.cause;
  return [
    { kind: 'detail', text: usage },
    ...(round.usage === null ? [] : [{ kind: 'detail' as const, text: `got in ${round.admission}` }]),
    ...(round.leftOut === undefined ? [] : [{ kind: 'detail' as const, text: round.leftOut }]),
    ...(round.unread ?? []).map((words) => ({ kind: 'bad' as const, text: words })),
    ...(cause === null ? [] : [{ kind: 'detail' as const, text: `cause: ${describeCause(cause)}` }]),
    ...(cause?.evidence ?? []).map((evidence) => ({ kind: 'detail' as const, text: `  ${evidence}` })),
    { kind: 'detail', text: `next: ${round.next}: ${round.why}` },
  ];
}

function describeAct(output: unknown): Words[] {
  const found = acted.safeParse(output);
  if (!found.success) return [];
  const { held, counts } = found.data.act.result;
  if (held !== null) return [{ kind: 'bad', text: `skipped: ${held}` }];
  const results = Object.entries(counts).map(([result, count]) => `${count} ${result}`);
  return [{ kind: 'good', text: results.length === 0 ? 'nothing to end' : results.join(', ') }];
}

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
 * Reports a run as it happens, in order: what is new, or with `verbose` everything. `findStore` is asked for the records
 * only once there is something to look up.
 */
export function createNarrator(findStore: FindStore, onLine: (line: Line) => void, verbose: boolean): Narrator {
  let reporting: Promise<void> = Promise.resolve();
  const isNews = createStateFilter();
  return {
    hear(progress) {
      reporting = reporting.then(async () => {
        const lines = await linesOf(progress, findStore, verbose);
        if (!isNews(progress, lines) && !verbose) return;
        for (const line of lines) onLine({ at: progress.at, ...line });
      });
    },
    caughtUp: () => reporting,
  };
}

/** Tells a state that an execution has entered before, with nothing to tell since then: it looks, waits, looks. */
function createStateFilter(): (progress: Progress, lines: readonly Words[]) => boolean {
  const enteredSinceNews = new Map<string, Set<string>>();
  return (progress, lines) => {
    if (!('execution' in progress)) return true;
    const { kind, execution } = progress;
    if (kind === 'execution-ended') enteredSinceNews.delete(execution);
    if (kind !== 'state-entered') {
      if (lines.length > 0) enteredSinceNews.delete(execution);
      return true;
    }
    const entered = enteredSinceNews.get(execution) ?? new Set();
    enteredSinceNews.set(execution, entered);
    const isNew = !entered.has(progress.state);
    entered.add(progress.state);
    return isNew;
  };
}

type Words = Omit<Line, 'at'>;

const diagnosed = z.object({ incidentId: z.string(), round: z.number(), next: z.string() });
const acted = z.object({
  act: z.object({
    result: z.object({ held: z.nullable(z.string()), counts: z.record(z.string(), z.number()) }),
  }),
});

async function linesOf(progress: Progress, findStore: FindStore, verbose: boolean): Promise<Words[]> {
  switch (progress.kind) {
    case 'state-entered':
      return QUIET_STATES.has(progress.state) ? [] : [{ kind: 'state', text: progress.state }];
    case 'state-exited':
      if (progress.state === 'Diagnose') return describeDiagnosis(progress.output, await findStore(), verbose);
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

async function describeDiagnosis(
  output: unknown,
  store: Pick<IncidentStore, 'rounds'>,
  verbose: boolean,
): Promise<Words[]> {
  const found = diagnosed.safeParse(output);
  if (!found.success) return [];
  const rounds = await store.rounds.of(found.data.incidentId);
  const at = rounds.findIndex(({ round }) => round === found.data.round);
  const round = rounds[at];
  return round === undefined ? [] : newsOf(round, rounds[at - 1], verbose);
}

/** What a round has found that the one before it had not; with `verbose` everything, as for the first round. */
export function newsOf(round: Round, before: Round | undefined, verbose: boolean): Words[] {
  const known = new Set(before === undefined || verbose ? [] : partsOf(before).map(({ key }) => key));
  return partsOf(round).flatMap(({ key, lines }) => (known.has(key) ? [] : lines));
}

/** Also shows a recorded incident in the same words. */
export function describeRound(round: Round): Words[] {
  return partsOf(round).flatMap(({ lines }) => lines);
}

/** What a round has to say of one thing. It is news when the round before said nothing of the same key. */
interface Part {
  readonly key: string;
  readonly lines: readonly Words[];
}

const detail = (text: string): Words => ({ kind: 'detail', text });

function partsOf(round: Round): Part[] {
  const { cause, next, why } = round;
  const usage =
    round.usage === null
      ? `not let in: ${round.admission}`
      : `usage ${percent(round.usage)} (${round.used} of ${round.usable} usable slots), ordinary clients: ${round.canary}`;
  const isAct = TIERS.some(({ name }) => name === next);
  return [
    { key: `usage ${percent(round.usage, '')} ${withoutFigures(round.canary)}`, lines: [detail(usage)] },
    ...(round.usage === null
      ? []
      : [{ key: `in ${withoutFigures(round.admission)}`, lines: [detail(`got in ${round.admission}`)] }]),
    ...(round.leftOut === undefined ? [] : [{ key: withoutFigures(round.leftOut), lines: [detail(round.leftOut)] }]),
    ...(round.unread ?? []).map((text): Part => ({ key: withoutFigures(text), lines: [{ kind: 'bad', text }] })),
    ...(cause === null
      ? []
      : [
          {
            key: `cause ${cause.name} ${Math.round(SURENESS_BANDS * cause.confidence)}`,
            lines: [
              detail(`cause: ${describeCause(cause)}`),
              ...cause.evidence.map((evidence) => detail(`  ${evidence}`)),
            ],
          },
        ]),
    // Every act is news.
    {
      key: `next ${next} ${isAct ? round.round : withoutFigures(why)}`,
      lines: [detail(`next: ${next}: ${why}`)],
    },
  ];
}

/** A cause that becomes a little more or less sure is no news, nor is its evidence. */
const SURENESS_BANDS = 3;

/** Times and counts that differ from look to look although nothing has happened. */
function withoutFigures(text: string): string {
  return text.replace(/(?:under )?\d[\d.]*(?: (?:ms|s|min|h)\b)?/g, '#');
}

function describeAct(output: unknown): Words[] {
  const found = acted.safeParse(output);
  if (!found.success) return [];
  const { held, counts } = found.data.act.result;
  if (held !== null) return [{ kind: 'bad', text: `skipped: ${held}` }];
  const results = Object.entries(counts).map(([result, count]) => `${count} ${result}`);
  return [{ kind: 'good', text: results.length === 0 ? 'nothing to end' : results.join(', ') }];
}

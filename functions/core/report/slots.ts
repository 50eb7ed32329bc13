import type { Incident } from '../record/incident.ts';
import type { Round } from '../record/round.ts';
import { REFUSED_AS_FULL } from '../sampler/levels.ts';
import type { Usual, UsualCount } from '../usual/usual.ts';
import { mostFirst } from '../words/lists.ts';
import { printable } from '../words/printable.ts';

/** Slots over time, by consumer. Times are epoch milliseconds. */
export interface SlotsOverTime {
  /** Oldest first: samples of the hour before, then the incident's own looks. */
  readonly moments: readonly SlotsMoment[];
  /** The consumers that are told apart, the largest first. */
  readonly consumers: readonly ConsumerOverTime[];
  /** Usage that opens an incident, and where Headroom stops ending sessions, in percent of the usable slots. */
  readonly triggerPercent: number;
  readonly reliefPercent: number;
  /** When clients were seen refused; `until` null: until now, or nobody knows. Null: nobody was. */
  readonly refused: { readonly from: number; readonly until: number | null } | null;
}

export interface SlotsMoment {
  readonly at: number;
  readonly used: number;
  /** Slots that ordinary clients can get; null where it was not seen. */
  readonly usable: number | null;
  /** A login was refused because the server was full. */
  readonly isFull: boolean;
  /** Slots of each of the consumers, in their order; null: nobody was told apart at this moment. */
  readonly held: readonly number[] | null;
}

export interface ConsumerOverTime {
  readonly name: string;
  /** The most that it held at one moment. */
  readonly most: number;
  /** From and to how many sessions it usually holds at this hour; null where nothing tells. */
  readonly usual: { readonly from: number; readonly to: number } | null;
}

/** As many as a reader can tell apart by their colours. */
const MOST_CONSUMERS = 6;

/** What the record shows of the slots: of incidents of earlier versions the sums alone. */
export function slotsOverTime({ target, refusal }: Incident, rounds: readonly Round[]): SlotsOverTime {
  const raw = rawMoments(rounds);
  const names = largest(raw);
  const usual = rounds.find((round) => round.usual !== undefined)?.usual ?? null;
  return {
    moments: raw.map(({ held, ...moment }) => ({
      ...moment,
      held: held === null ? null : names.map((name) => held.get(name) ?? 0),
    })),
    consumers: names.map((name) => ({
      name: printable(name, 120),
      most: mostHeld(raw, name),
      usual: usualOf(usual, name),
    })),
    triggerPercent: target.policy.triggerPercent,
    reliefPercent: target.policy.reliefPercent,
    refused: refusal,
  };
}

type RawMoment = Omit<SlotsMoment, 'held'> & { readonly held: ReadonlyMap<string, number> | null };

function rawMoments(rounds: readonly Round[]): RawMoment[] {
  const before = rounds[0]?.runUp;
  const samples = (before?.moments ?? []).map(({ held, ...moment }): RawMoment => ({
    ...moment,
    held: held === null ? null : new Map(held.map((count, index) => [before?.names[index] ?? '', count])),
  }));
  const looks = rounds.flatMap(({ at, used, usable, canary, holders }): RawMoment[] =>
    used === null
      ? []
      : [
          {
            at,
            used,
            usable,
            isFull: canary === REFUSED_AS_FULL,
            held: holders === undefined ? null : new Map(holders.map(({ name, sessions }) => [name, sessions])),
          },
        ],
  );
  return [...samples, ...looks].sort((a, b) => a.at - b.at);
}

function largest(moments: readonly RawMoment[]): string[] {
  const names = new Set(moments.flatMap(({ held }) => [...(held?.keys() ?? [])]));
  return mostFirst([...names].map((name) => [name, mostHeld(moments, name)] as const))
    .slice(0, MOST_CONSUMERS)
    .map(([name]) => name);
}

function mostHeld(moments: readonly RawMoment[], name: string): number {
  return moments.reduce((most, { held }) => Math.max(most, held?.get(name) ?? 0), 0);
}

/** What is usual of a consumer, in whole sessions. Who is not named in a profile usually holds no more than its bound. */
export function usualOf(usual: Usual | null, name: string): ConsumerOverTime['usual'] {
  if (usual === null || usual.basis === 'none') return null;
  const known: UsualCount | undefined = Object.hasOwn(usual.consumers, name) ? usual.consumers[name] : undefined;
  if (known === undefined) return usual.basis === 'arrivals' ? null : { from: 0, to: Math.round(usual.unnamed) };
  const to = Math.round(known.all);
  return { from: Math.min(to, Math.round(known.low)), to };
}

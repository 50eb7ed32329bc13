import { HARM, type HarmKind } from './harm.ts';
import { chooseLeastHarm, perSlot, type Bounds } from './least-harm.ts';
import type { Weighed } from './plan-group.ts';
import { printable } from './printable.ts';
import { consumerOf } from './session.ts';
import type { TierName } from './tiers/names.ts';

/** Sessions of one tier and kind that were chosen together. */
export interface Chosen {
  readonly tier: TierName;
  readonly kind: HarmKind;
  readonly sessions: number;
  /** In points of HARM, and in slots. */
  readonly harm: number;
  readonly frees: number;
}

/** Why these and not those, for the record. Harm is in points of HARM, as it is, without what the cause takes off. */
export interface Choice {
  readonly harm: number;
  readonly frees: number;
  readonly chosen: readonly Chosen[];
  /** Who would have been next, had it not been enough or had one of them been spared; null when nobody else may be ended. */
  readonly next: (Omit<Chosen, 'sessions'> & { readonly who: string }) | null;
  /** What each tier would come to if it had to do it alone. */
  readonly alone: readonly (Omit<Chosen, 'kind'> & { readonly isEnough: boolean })[];
}

export const NO_CHOICE: Choice = { harm: 0, frees: 0, chosen: [], next: null, alone: [] };

/** What there was to choose from, in the order of ties, and what was chosen. */
export interface Weighing {
  readonly options: readonly Weighed[];
  readonly chosen: readonly Weighed[];
  readonly bounds: Bounds;
}

/** Sums up a choice. */
export function chosenFrom({ options, chosen, bounds }: Weighing): Choice {
  const isChosen = new Set(chosen);
  const next = options
    .filter((option) => !isChosen.has(option))
    .reduce<Weighed | null>((best, option) => (best === null || perSlot(option) < perSlot(best) ? option : best), null);
  const groups = Map.groupBy(chosen, ({ tier, victim }) => `${tier} ${victim.harm.kind}`);
  const tiers = new Set(options.map(({ tier }) => tier));
  return {
    ...sum(chosen),
    chosen: [...groups.values()].flatMap((group) => {
      const [one] = group;
      return one ? [{ tier: one.tier, kind: one.victim.harm.kind, sessions: group.length, ...sum(group) }] : [];
    }),
    next: next && { tier: next.tier, kind: next.victim.harm.kind, who: nameOf(next), ...sum([next]) },
    alone: [...tiers].map((tier) => {
      const own = chooseLeastHarm(
        options.filter((option) => option.tier === tier),
        bounds,
      );
      const { harm, frees } = sum(own);
      return { tier, sessions: own.length, harm, frees, isEnough: frees >= bounds.need };
    }),
  };
}

function sum(options: readonly Weighed[]): { readonly harm: number; readonly frees: number } {
  const harm = options.reduce((total, { victim }) => total + victim.harm.points, 0);
  return { harm: Math.round(10 * harm) / 10, frees: options.reduce((total, { frees }) => total + frees, 0) };
}

function nameOf({ victim: { session } }: Weighed): string {
  return `${session.identity.id} ${printable(consumerOf(session), 80)}`;
}

/** A choice in words, a line each. Empty when there was nothing to choose from. */
export function describeChoice({ chosen, next, alone, harm, frees }: Choice): string[] {
  const lines = chosen.map((group) => {
    const { tier, kind, sessions } = group;
    return `${tier}: ${sessions} × ${HARM[kind].words}; ${inPoints(group)}`;
  });
  const others = alone.filter(({ tier }) => !chosen.every((group) => group.tier === tier));
  return [
    ...lines,
    ...(chosen.length > 1 ? [`together: ${inPoints({ harm, frees })}`] : []),
    ...(next === null
      ? []
      : [`next would be ${next.who}, by ${next.tier} (${HARM[next.kind].words}): ${inPoints(next)}`]),
    ...(chosen.length === 0
      ? []
      : others.map((own) => {
          const what = own.isEnough ? `would take ${own.sessions}` : `has no more than ${own.sessions}`;
          return `${own.tier} alone ${what}; ${inPoints(own)}`;
        })),
  ];
}

function inPoints({ harm, frees }: { readonly harm: number; readonly frees: number }): string {
  return `harm ${harm} for ${frees} slot${frees === 1 ? '' : 's'}`;
}

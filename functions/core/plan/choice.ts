import type { TierName } from '../policy/tier-names.ts';
import { count } from '../words/count.ts';
import { HARM, type HarmKind } from './harm.ts';

/** Sessions of one tier and kind that were chosen together. */
interface Chosen {
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
  return `harm ${harm} for ${count(frees, 'slot')}`;
}

import type { TierName } from '../policy/tier-names.ts';
import { count } from '../words/count.ts';
import { HARM, type HarmKind } from './harm.ts';

/** The chosen sessions of one tier and kind. */
interface Chosen {
  readonly tier: TierName;
  readonly kind: HarmKind;
  readonly sessions: number;
  /** In points of HARM. */
  readonly harm: number;
  /** In slots. */
  readonly frees: number;
}

/** Why these sessions and not others, for the record. Harm is in points of HARM, without the discount for the cause. */
export interface Choice {
  readonly harm: number;
  readonly frees: number;
  readonly chosen: readonly Chosen[];
  /** The session that would have been next, had these not been enough; null when no other may be ended. */
  readonly next: (Omit<Chosen, 'sessions'> & { readonly who: string }) | null;
  /** What each tier would do if it were the only one. */
  readonly alone: readonly (Omit<Chosen, 'kind'> & { readonly isEnough: boolean })[];
}

export const NO_CHOICE: Choice = { harm: 0, frees: 0, chosen: [], next: null, alone: [] };

/** A choice in words, line by line. Empty when there was nothing to choose from. */
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
          const sessions = count(own.sessions, 'session');
          const what = own.isEnough ? `would end ${sessions}` : `has no more than ${sessions}`;
          return `${own.tier} alone ${what}; ${inPoints(own)}`;
        })),
  ];
}

function inPoints({ harm, frees }: { readonly harm: number; readonly frees: number }): string {
  return `harm ${harm} for ${count(frees, 'slot')}`;
}

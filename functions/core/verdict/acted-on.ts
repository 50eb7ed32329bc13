import type { CauseFinding } from '../cause/finding.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import type { CauseName } from '../policy/cause-names.ts';
import { BY_HAND, type TierName } from '../policy/tier-names.ts';
import type { Act } from '../record/act.ts';
import { effectsOf, hasEffect, type PastAndNow } from '../record/history.ts';
import type { Round } from '../record/round.ts';

/** A cause with the advice that was made from the same snapshot. */
export interface Finding {
  readonly cause: CauseFinding;
  readonly advice: readonly string[];
}

/** A cause that Headroom has acted on. */
export interface ActedOn extends Finding {
  readonly tiers: readonly TierName[];
}

interface Weighed extends ActedOn {
  readonly isLimited: boolean;
  readonly frees: number;
}

/** Who has read of a cause reads of another only if its acts did clearly more. */
const ON_RECORD = 2;

/**
 * The cause whose acts have done most: one that a limit was set for, else the one whose acts freed the most slots,
 * waiters included. One that was named goes before none. Null while no act has changed anything. `onRecord`: the cause
 * that the incident names.
 */
export function readActedOn(
  past: Pick<PastAndNow, 'acts' | 'rounds' | 'usedNow'>,
  onRecord: CauseName | null,
): ActedOn | null {
  const rounds = new Map(past.rounds.map((round) => [round.round, round]));
  const freed = new Map(effectsOf(past).map(({ act, freed }) => [act, freed]));
  const byCause = new Map<CauseName, Weighed>();
  for (const act of past.acts) {
    const round = rounds.get(act.round);
    if (act.tier === BY_HAND || !hasEffect(act) || round?.cause == null) continue;
    const { cause, advice = [] } = round;
    const before = byCause.get(cause.name);
    byCause.set(cause.name, {
      // The first look at it saw all of it.
      cause: before?.cause ?? cause,
      advice: before?.advice ?? advice,
      tiers: [...(before?.tiers ?? []), act.tier],
      isLimited: before?.isLimited === true || act.limit?.result === 'done',
      frees: (before?.frees ?? 0) + freedBy(act, act.tier, round, freed.get(act) ?? null),
    });
  }
  const weigh = ({ cause, frees }: Weighed) => (cause.name === onRecord ? ON_RECORD : 1) * frees;
  const isNamed = ({ cause }: Weighed) => Number(cause.name !== 'unclear');
  const [most] = [...byCause.values()].sort(
    (a, b) => isNamed(b) - isNamed(a) || Number(b.isLimited) - Number(a.isLimited) || weigh(b) - weigh(a),
  );
  return most ?? null;
}

/** Slots that come free at once can be measured; those of waiters come when they are done. */
function freedBy({ counted }: Act, tier: TierName, { choice }: Round, measured: number | null): number {
  if (tierNamed(tier).freesOwnSlot) return measured === null ? counted : Math.min(counted, Math.max(0, measured));
  const planned = choice?.chosen.filter((group) => group.tier === tier) ?? [];
  return Math.max(
    counted,
    planned.reduce((sum, { frees }) => sum + frees, 0),
  );
}

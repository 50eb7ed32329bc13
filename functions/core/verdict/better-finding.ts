import { CAUSES } from '../cause/find-cause.ts';
import type { CauseFinding } from '../cause/finding.ts';
import type { TierName } from '../policy/tier-names.ts';
import type { ActedOn, Finding } from './acted-on.ts';

/** A finding this sure stays once Headroom has acted on it. */
const SURE = 0.8;

/** Under which a finding was made. */
interface Circumstances {
  readonly pressing: boolean;
  /** An act has changed something, or a limit is on record. */
  readonly hasActed: boolean;
  readonly actedOn: ActedOn | null;
  /** What was ended came back at once, above what is usual: then the finding that it was ended for was wrong. */
  readonly cameBack: boolean;
}

/**
 * What takes the place of the cause on record; null when that stays. The cause is why the slots ran out. Under pressure
 * the latest finding counts until Headroom has acted; then one that was sure stays: what was ended no longer shows, and
 * what that sets off looks like something else. A calm server shows no cause at all: what was acted on is the cause.
 */
export function betterFinding(
  found: Finding,
  before: CauseFinding | null,
  { pressing, hasActed, actedOn, cameBack }: Circumstances,
): Finding | null {
  if (before === null) return found;
  if (!pressing) {
    if (actedOn === null) return null;
    const { cause, advice, tiers } = actedOn;
    if (cause.name !== 'unclear') return cause.name === before.name ? null : { cause, advice };
    // A first look at a fill of seconds may see nothing yet.
    return before.name === 'unclear' && callsFor(found.cause, tiers) ? found : null;
  }
  if (!hasActed || cameBack || before.name === 'unclear') return found;
  return before.confidence < SURE && found.cause.confidence > before.confidence ? found : null;
}

/** Only a cause that calls for what was done can be why it helped. */
function callsFor({ name }: CauseFinding, tiers: readonly TierName[]): boolean {
  const { first } = CAUSES[name];
  return first !== null && tiers.includes(first);
}

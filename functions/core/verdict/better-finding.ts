import type { CauseFinding } from '../cause/finding.ts';

/** A finding this sure stays once Headroom has acted on it. */
const SURE = 0.8;

/** Under which a finding was made. */
interface Circumstances {
  readonly pressing: boolean;
  readonly hasActed: boolean;
  /** What was ended came back at once, above what is usual: then the finding that it was ended for was wrong. */
  readonly cameBack: boolean;
}

/**
 * Whether a finding takes the place of the one on record. The cause is why the slots ran out, so a finding under
 * pressure stays, whatever a later snapshot of a calm server looks like. Once Headroom has acted, what it ended no
 * longer shows, and what it sets off looks like something else: then a cause that was sure stays.
 */
export function isBetterFinding(
  found: CauseFinding,
  before: CauseFinding | null,
  { pressing, hasActed, cameBack }: Circumstances,
): boolean {
  if (before === null) return true;
  // A first look at a fill of seconds may see nothing yet.
  if (before.name === 'unclear' && hasActed) return found.name !== 'unclear';
  if (!pressing) return false;
  if (!hasActed || cameBack || before.name === 'unclear' || found.name === before.name) return true;
  return before.confidence < SURE && found.confidence > before.confidence;
}

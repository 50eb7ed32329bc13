import type { CauseFinding } from '../cause/finding.ts';

/**
 * Whether a finding takes the place of the one on record. The cause is why the slots ran out, so a finding under
 * pressure stays, whatever a later snapshot of a calm server looks like. Once Headroom has acted, what it ended no
 * longer shows, and what it sets off looks like something else: then only a surer finding counts.
 */
export function isBetterFinding(
  found: CauseFinding,
  before: CauseFinding | null,
  { pressing, hasActed }: { readonly pressing: boolean; readonly hasActed: boolean },
): boolean {
  if (before === null) return true;
  if (!pressing) return false;
  return !hasActed || before.name === 'unclear' || found.name === before.name || found.confidence > before.confidence;
}

import { composeWarning } from '../core/messages/warning.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { Levels } from '../core/sampler/levels.ts';

export interface Told {
  /** Names of the warnings that people were told now. */
  readonly warned: readonly string[];
  /** Those that could not be told; the next call tries again. */
  readonly untold: readonly string[];
  readonly cleared: readonly string[];
}

/** How long one call has a warning to itself. */
const CLAIM_MS = 30_000;

/**
 * Tells each warning once, and forgets it when it has cleared. While an incident is open nothing new is said: its own
 * notices say it. Never throws for a topic that fails.
 */
export async function tellWarnings(
  target: TargetSettings,
  { active, clear }: Levels,
  isIncidentOpen: boolean,
  { store, notifier, now }: { readonly store: IncidentStore; readonly notifier: Notifier; readonly now: () => number },
): Promise<Told> {
  const known = await store.warnings(target.id);
  const cleared = known.map(({ name }) => name).filter((name) => clear.some((other) => other === name));
  for (const name of cleared) await store.clearWarning(target.id, name);
  const warned: string[] = [];
  const untold: string[] = [];
  for (const warning of isIncidentOpen ? [] : active) {
    const { name } = warning;
    if (known.some((one) => one.name === name && one.toldAt !== null)) continue;
    if (!(await store.claimWarning(target.id, warning, { at: now(), until: now() + CLAIM_MS }))) continue;
    const isTold = await notifier.publish(composeWarning(warning, target, now())).then(
      () => true,
      () => false,
    );
    if (isTold) await store.warningTold(target.id, name, now());
    (isTold ? warned : untold).push(name);
  }
  return { warned, untold, cleared };
}

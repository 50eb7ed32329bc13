import { composeWarning } from '../core/messages/warning.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { Levels } from '../core/sampler/levels.ts';

export interface WarningDependencies {
  readonly store: Pick<IncidentStore, 'warnings'>;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/** Names of warnings. */
export interface WarningResult {
  /** People were notified of them now. */
  readonly warned: readonly string[];
  /** The topic did not take them; the next call tries again. */
  readonly unsent: readonly string[];
  readonly cleared: readonly string[];
}

/** How long one call has a warning to itself. */
const CLAIM_MS = 30_000;

/**
 * Notifies people once of each warning, and forgets it when it has cleared. While an incident is open no warning is
 * sent: the incident's own notices say more. Never throws for a topic that fails.
 */
export async function notifyWarnings(
  target: TargetSettings,
  { active, clear }: Levels,
  isIncidentOpen: boolean,
  { store, notifier, now }: WarningDependencies,
): Promise<WarningResult> {
  const known = await store.warnings.of(target.id);
  const cleared = known.map(({ name }) => name).filter((name) => clear.some((other) => other === name));
  for (const name of cleared) await store.warnings.clear(target.id, name);
  const warned: string[] = [];
  const unsent: string[] = [];
  for (const warning of isIncidentOpen ? [] : active) {
    const { name } = warning;
    if (known.some((one) => one.name === name && one.notifiedAt !== null)) continue;
    if (!(await store.warnings.claim(target.id, warning, { at: now(), until: now() + CLAIM_MS }))) continue;
    const isSent = await notifier.publish(composeWarning(warning, target, now())).then(
      () => true,
      () => false,
    );
    if (isSent) await store.warnings.markNotified(target.id, name, now());
    (isSent ? warned : unsent).push(name);
  }
  return { warned, unsent, cleared };
}

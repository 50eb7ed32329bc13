import { memberOf } from '../members/member.ts';
import { commandFor, type CommandPlace } from '../words/commands.ts';
import { printable } from '../words/printable.ts';
import type { Mode, Policy } from './policy.ts';
import { TIER_NAMES, type TierName } from './tier-names.ts';
import { utc } from '../words/in-words.ts';

/** Whether a pause is active at a time in epoch milliseconds. */
export function isInForce({ until }: Pause, now: number): boolean {
  return until === null || until > now;
}

/** Whether two scopes have a tier of a target in common. A cluster has all of its members. */
export function overlaps(one: PauseScope, other: PauseScope): boolean {
  const meets = (a: string | null, b: string | null) => a === null || b === null || a === b;
  const [id, otherId] = [one.targetId, other.targetId];
  const isMember = (of: string | null, cluster: string | null) => of !== null && memberOf(of)?.clusterId === cluster;
  return (meets(id, otherId) || isMember(id, otherId) || isMember(otherId, id)) && meets(one.tier, other.tier);
}

/** Widest first: a message that names one pause should name the one that stops the most. */
export function byWidth(one: PauseScope, other: PauseScope): number {
  return narrowness(one) - narrowness(other) || compareText(one.targetId, other.targetId);
}

function narrowness({ targetId, tier }: PauseScope): number {
  return (tier === null ? 0 : 2) + (targetId === null ? 0 : 1);
}

function compareText(one: string | null, other: string | null): number {
  return (one ?? '') < (other ?? '') ? -1 : Number((one ?? '') > (other ?? ''));
}

/** Of the active pauses on a target, the widest that keeps a tier from acting; null when the tier is free. */
export function pauseOn(tier: TierName, pauses: readonly Pause[]): Pause | null {
  return pauses.filter((pause) => pause.tier === null || pause.tier === tier).sort(byWidth)[0] ?? null;
}

/** Of the active pauses on a target, the widest that stops all its tiers. */
export function fullPause(pauses: readonly Pause[]): Pause | null {
  return pauses.filter(({ tier }) => tier === null).sort(byWidth)[0] ?? null;
}

/** A target's settings with every paused tier in mode observe. `pauses`: those active on the target. */
export function underPauses(
  { policy, mode }: { readonly policy: Policy; readonly mode: Mode },
  pauses: readonly Pause[],
): { readonly policy: Policy; readonly mode: Mode } {
  const paused = TIER_NAMES.filter((tier) => pauseOn(tier, pauses) !== null);
  const tiers = { ...policy.tiers, ...Object.fromEntries(paused.map((tier) => [tier, 'observe'] as const)) };
  return { policy: { ...policy, tiers }, mode };
}

/** Whether one of the pauses that stopped an incident is no longer among the active ones. */
export function isAnyLifted(earlier: readonly PauseScope[], active: readonly PauseScope[]): boolean {
  return earlier.some(
    (pause) => !active.some(({ targetId, tier }) => targetId === pause.targetId && tier === pause.tier),
  );
}

/** `paused by ann until 2026-12-01 08:00:00 UTC: a migration runs`. Bounded and without control characters. */
export function describePause({ by, why, until }: Pause): string {
  const end = until === null ? '' : ` until ${utc(until)}`;
  return `paused by ${printable(by, 60)}${end}: ${printable(why, 160)}`;
}

/** The command that lifts a pause. `commands`: where it is on record. */
export function resumeCommandFor({ targetId, tier }: PauseScope, commands: CommandPlace | undefined): string {
  const target = targetId === null ? '--all' : `--target ${targetId}`;
  return commandFor(`resume ${target}${tier === null ? '' : ` --tier ${tier}`}`, { id: targetId ?? '', commands });
}

/** What a pause stops: `everything`, `orders`, `kill-idle of orders`, `kill-idle of every target`. */
export function scopeInWords({ targetId, tier }: PauseScope): string {
  if (tier === null) return targetId ?? 'everything';
  return `${tier} of ${targetId ?? 'every target'}`;
}

/** What a pause stops. Null means every target of the installation, or every tier. */
export interface PauseScope {
  readonly targetId: string | null;
  readonly tier: TierName | null;
}

/** A person stops Headroom from acting. It still diagnoses, records and notifies. A scope has at most one pause. */
export interface Pause extends PauseScope {
  readonly by: string;
  readonly why: string;
  /** Epoch milliseconds, as is `until`. */
  readonly at: number;
  /** Null: until a person resumes. */
  readonly until: number | null;
}

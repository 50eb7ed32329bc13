import type { Pause, PauseScope } from '../../policy/pause.ts';

export interface Pauses {
  /** Every active pause of the installation, widest first. Strongly consistent. */
  active(): Promise<Pause[]>;
  /** Those of them that concern a target: its own, its tiers', and those of all targets. In one consistent read. */
  on(targetId: string): Promise<Pause[]>;
  /** Replaces an earlier pause of the same scope. */
  put(pause: Pause): Promise<void>;
  /** Lifts the pause of exactly this scope and returns it; null when there was none. Wider ones stay. */
  lift(scope: PauseScope): Promise<Pause | null>;
}

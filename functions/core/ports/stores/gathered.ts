import type { GatheredNotice } from '../../record/notice.ts';

/** A gathered notice, and where it is kept. */
export interface KeptNotice extends GatheredNotice {
  readonly key: string;
}

/** The notices of an installation that wait for the message of their minute. */
export interface Gathered {
  /**
   * Whether a notice goes out by itself: at most `most` of one severity in a minute, and all that are about an incident
   * of which an earlier one did.
   */
  admit(notice: Pick<GatheredNotice, 'incidentId' | 'severity' | 'at'>, most: number): Promise<boolean>;
  keep(notice: GatheredNotice): Promise<void>;
  /** Whether any waits. */
  isWaiting(): Promise<boolean>;
  /** True for the one caller who may tell of them until then. */
  claim(at: number, until: number): Promise<boolean>;
  /** The next caller may tell at once. */
  release(): Promise<void>;
  /** Oldest first. Strongly consistent. */
  all(): Promise<KeptNotice[]>;
  /** Those that were told of are forgotten. */
  forget(notices: readonly KeptNotice[]): Promise<void>;
}

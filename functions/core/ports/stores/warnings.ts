/** A warning of the sampler that has not cleared yet. */
export interface ActiveWarning {
  readonly name: string;
  readonly since: number;
  /** Null while no one has been notified. */
  readonly notifiedAt: number | null;
}

export interface Warnings {
  of(targetId: string): Promise<ActiveWarning[]>;
  /** True for the one caller who is to send it now. When `until` has passed and it was not sent, another may. */
  claim(
    targetId: string,
    warning: Pick<ActiveWarning, 'name' | 'since'>,
    claim: { readonly at: number; readonly until: number },
  ): Promise<boolean>;
  markNotified(targetId: string, name: string, at: number): Promise<void>;
  clear(targetId: string, name: string): Promise<void>;
}

/** What has been started and must be ended, last first. */
export interface Closers {
  add(close: () => Promise<unknown>): void;
  /** Ends everything once, whatever fails; throws the failures together. */
  close(): Promise<void>;
}

export function createClosers(): Closers {
  const pending: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let close = pending.pop(); close !== undefined; close = pending.pop()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the local runtime did not stop cleanly');
  };
  let closing: Promise<void> | null = null;
  return {
    add: (close) => void pending.push(close),
    close: () => (closing ??= closeAll()),
  };
}

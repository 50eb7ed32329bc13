/** What has to be undone at the end, the last first. */
export interface Cleanup {
  /** What is added after the end, by work that went on during an interruption, is undone at once. */
  add(undo: () => Promise<void>): void;
  /** Undoes everything, whatever fails on the way; throws the first failure. May be called again. */
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const undos: (() => Promise<void>)[] = [];
  let isOver = false;
  const undoAll = async () => {
    const failures: unknown[] = [];
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      await undo().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    add(undo) {
      undos.push(undo);
      if (isOver) void undoAll().catch(() => undefined);
    },
    run() {
      isOver = true;
      return undoAll();
    },
  };
}

/**
 * How long sessions have been connected, which neither MySQL nor MariaDB tells. Connection ids only grow: a session came
 * between the last list that ended before its id and the first that had it, or a later one.
 */
export interface Arrivals {
  /** A list of sessions, and when it was asked for. */
  note(newestId: number, askedAt: number): void;
  /**
   * At most this long: since the last list without it was asked for. Null when there is no such list. Whoever asks wants to know
   * who has only just connected, and must not take an old session for one.
   */
  connectedMs(id: number, now: number): number | null;
}

/** Older lists tell nothing that anybody asks: these sessions have been here for a while. */
const MOST_LISTS = 64;

interface List {
  readonly newestId: number;
  readonly askedAt: number;
}

export function trackArrivals(): Arrivals {
  const lists: List[] = [];
  return {
    note(newestId, askedAt) {
      lists.push({ newestId, askedAt });
      if (lists.length > MOST_LISTS) lists.shift();
    },
    connectedMs(id, now) {
      const first = lists.findIndex(({ newestId }) => newestId >= id);
      const before = lists[first - 1];
      return before === undefined ? null : Math.max(0, now - before.askedAt);
    },
  };
}

/**
 * How long sessions have been connected, which neither MySQL nor MariaDB shows. Connection ids only grow: a session
 * came between the last list that ended before its id and the first list with that id or a later one.
 */
export interface Arrivals {
  /** A list of sessions, and when it was asked for. */
  note(newestId: number, askedAt: number): void;
  /**
   * At most this long: since the last list without it was asked for. Null when there is no such list. It serves to find
   * out who has only just connected, and an old session must not pass for one.
   */
  connectedMs(id: number, now: number): number | null;
}

/** Older lists are of no use: those sessions have been here for a while. */
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

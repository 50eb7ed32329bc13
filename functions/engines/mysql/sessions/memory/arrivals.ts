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
  /** At least this long: since the first list with it was asked for; 0 when no list has it. */
  leastConnectedMs(id: number, now: number): number;
  /**
   * Whether it came within this time: by the middle of the time in which it may have come, if part of that was longer
   * ago. Null when the lists do not go back that far.
   */
  hasArrived(id: number, now: number, withinMs: number): boolean | null;
}

/** Older lists are of no use: those sessions have been here for a while. */
const MOST_LISTS = 64;

interface List {
  readonly newestId: number;
  readonly askedAt: number;
}

export function trackArrivals(): Arrivals {
  const lists: List[] = [];
  const firstWith = (id: number) => lists.findIndex(({ newestId }) => newestId >= id);
  return {
    note(newestId, askedAt) {
      lists.push({ newestId, askedAt });
      if (lists.length > MOST_LISTS) lists.shift();
    },
    connectedMs(id, now) {
      const before = lists[firstWith(id) - 1];
      return before === undefined ? null : Math.max(0, now - before.askedAt);
    },
    leastConnectedMs(id, now) {
      const shown = lists[firstWith(id)];
      return shown === undefined ? 0 : Math.max(0, now - shown.askedAt);
    },
    hasArrived(id, now, withinMs) {
      const first = firstWith(id);
      const shown = lists[first];
      const before = lists[first - 1];
      if (shown === undefined) return null;
      if (now - shown.askedAt >= withinMs) return false;
      return before === undefined ? null : now - (before.askedAt + shown.askedAt) / 2 < withinMs;
    },
  };
}

import { mostToEnd, whyKept, whyNoEnd, whyNoLift, whyNoLimit, type Bounds } from '../core/policy/bounds.ts';
import {
  COUNTING,
  type Ending,
  type EndRequest,
  type LiftRequest,
  type LimitRequest,
  type SessionToEnd,
} from '../core/protocol/worker.ts';
import { sessionKey, type Session } from '../core/server/session.ts';
import type { Snapshot } from '../core/server/snapshot.ts';
import type { EngineSession } from '../engines/shared/engine.ts';

type Order = Parameters<EngineSession['end']>[0];
type Look = Pick<Snapshot, 'sessions' | 'limits'>;

/** Keeps a worker within its own bounds. */
export interface Guard {
  /** Has ended what the bounds let through, and refuses the rest. One ending per victim, in their order. */
  end(
    request: EndRequest,
    look: () => Promise<Look>,
    endThese: (order: Order) => Promise<readonly Ending[]>,
  ): Promise<readonly Ending[]>;
  /** Why a limit may not be set or lifted, or null. */
  whyNotLimit(request: LimitRequest | LiftRequest): string | null;
}

const HOUR_MS = 3_600_000;

export function createGuard(bounds: Bounds): Guard {
  /** When a session was ended, oldest first. */
  let signalledAt: readonly number[] = [];
  return {
    async end(request, look, endThese) {
      const { victims } = request;
      const whole = whyNoEnd(bounds);
      if (whole !== null) return victims.map((victim) => refuse(victim, whole));
      const { sessions, limits } = await look();
      const now = Date.now();
      signalledAt = signalledAt.filter((at) => at > now - HOUR_MS);
      const most = mostToEnd(bounds, limits.usable, signalledAt.length);
      const judged = judge(victims, sessions, bounds, most);
      const allowed = victims.filter((_, n) => judged[n] === null);
      const endings = allowed.length === 0 ? [] : await endThese({ ...request, victims: allowed });
      signalledAt = [...signalledAt, ...endings.filter(({ result }) => COUNTING.has(result)).map(() => now)];
      const byKey = new Map(endings.map((ending) => [sessionKey(ending.identity), ending]));
      return victims.map((victim, n) => {
        const reason = judged[n] ?? null;
        return reason === null ? endingOf(victim, byKey) : refuse(victim, reason);
      });
    },
    whyNotLimit: (request) => (request.kind === 'limit' ? whyNoLimit(request.user, bounds) : whyNoLift(request)),
  };
}

/** Per victim: why it is left alone, or null. One that the server does not show any more is left to the engine. */
function judge(
  victims: readonly SessionToEnd[],
  sessions: readonly Session[],
  bounds: Bounds,
  most: number,
): readonly (string | null)[] {
  const shown = new Map(sessions.map((session) => [sessionKey(session.identity), session]));
  let room = most;
  return victims.map(({ identity, expect }) => {
    const session = shown.get(sessionKey(identity));
    const kept = session === undefined ? null : whyKept(session, expect.holdsNothing, bounds);
    if (kept !== null) return kept;
    return room-- > 0 ? null : 'the worker’s own settings let it end no more sessions at once, or within this hour';
  });
}

function endingOf({ identity }: SessionToEnd, endings: ReadonlyMap<string, Ending>): Ending {
  return endings.get(sessionKey(identity)) ?? { identity, result: 'not-tried', detail: '' };
}

function refuse({ identity }: SessionToEnd, detail: string): Ending {
  return { identity, result: 'refused', detail };
}

import { sessionKey, type Session } from '../../../core/server/session.ts';

/**
 * What earlier looks of one connection have shown of the ages of sessions. No look can make an age surer; it can show
 * that a later one is not true: a server's clock that was set, or that a session was told to believe in.
 */
export interface EarlierLooks {
  /**
   * The session with every age that cannot be true as null. An age is not true if it is negative, longer than the
   * session has been connected, or reaches back before an earlier look that showed something else.
   */
  check(session: Session, look: Look): Session;
  /** All sessions of a look, checked; they are what a later look is compared with. */
  checkAll(sessions: readonly Session[], look: Look): readonly Session[];
}

/** When it was asked for and answered, in epoch milliseconds by our clock; the server measured ages in between. */
export interface Look {
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** The most by which two true ages of one moment differ: some servers count whole seconds, rounded either way. */
const SLACK_MS = 3_000;

type Age = 'stateMs' | 'queryMs' | 'transactionMs';
const AGES = ['stateMs', 'queryMs', 'transactionMs'] as const satisfies readonly Age[];

/** When something began: somewhere between these two. */
interface Begin {
  readonly earliest: number;
  readonly latest: number;
}

/** One session at the last look: since when each of its ages counts, as far as that was true. */
interface Seen {
  readonly state: Session['state'];
  readonly begins: Readonly<Record<Age, Begin | null>>;
  readonly lookedAt: number;
}

export function rememberLooks(): EarlierLooks {
  let seen = new Map<string, Seen>();
  const check = (session: Session, look: Look) => judge(session, seen.get(sessionKey(session.identity)), look).session;
  return {
    check,
    checkAll(sessions, look) {
      const next = new Map<string, Seen>();
      const checked = sessions.map((session) => {
        const key = sessionKey(session.identity);
        const judged = judge(session, seen.get(key), look);
        next.set(key, judged.seen);
        return judged.session;
      });
      seen = next;
      return checked;
    },
  };
}

function judge(
  session: Session,
  before: Seen | undefined,
  look: Look,
): { readonly session: Session; readonly seen: Seen } {
  const ages = { stateMs: session.stateMs, queryMs: session.queryMs, transactionMs: session.transactionMs };
  const begins: Record<Age, Begin | null> = { stateMs: null, queryMs: null, transactionMs: null };
  for (const name of AGES) {
    const age = possible(ages[name], session.connectedMs);
    const known = before === undefined || (name === 'stateMs' && before.state !== session.state) ? null : before;
    const begin = age === null ? null : { earliest: look.askedAt - age, latest: look.answeredAt - age };
    const isNew = before === undefined || (begin !== null && begin.latest >= before.lookedAt - SLACK_MS);
    const isKnown = begin !== null && isSame(begin, known?.begins[name] ?? null);
    ages[name] = isNew || isKnown ? age : null;
    // What was true once stays so as long as nothing new has begun, whatever was said in between.
    begins[name] = isNew ? begin : (known?.begins[name] ?? null);
  }
  const { lockWaitMs } = session;
  return {
    session: {
      ...session,
      ...ages,
      lockWaitMs: lockWaitMs === null ? null : (possible(lockWaitMs, session.connectedMs) ?? 0),
    },
    seen: { state: session.state, begins, lookedAt: look.askedAt },
  };
}

/** Null for an age before the session was there, or after now. */
function possible(age: number | null, connectedMs: number | null): number | null {
  if (age === null || age < 0 || age > (connectedMs ?? Infinity) + SLACK_MS) return null;
  return age;
}

function isSame(begin: Begin, known: Begin | null): boolean {
  return known !== null && begin.earliest <= known.latest + SLACK_MS && begin.latest >= known.earliest - SLACK_MS;
}

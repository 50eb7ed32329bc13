import type { CheckFacts, LoginLimit, ReserveHolder, Sight } from '../../../core/protocol/check-facts.ts';
import type { Session } from '../../../core/server/session.ts';
import type { Snapshot } from '../../../core/server/snapshot.ts';
import { count } from '../../../core/words/count.ts';
import { CANARY_LOGIN_MS, compareClocks, openIfAdmitted, SESSIONS_NEEDED } from '../../shared/checking.ts';
import { firstRow } from '../../shared/connection.ts';
import type { Login, WithoutCanary } from '../../shared/engine.ts';
import { countdown } from '../../shared/within.ts';
import { openConnection } from '../connect/connection.ts';
import type { Features } from '../connect/features.ts';
import { GRANTS } from '../connect/login.sql.ts';
import { quoteCurrentUser } from '../grants/grants.ts';
import type { Responder } from '../look/sample.ts';
import { readSnapshot } from '../look/snapshot.ts';
import { SELF, SETTINGS, TLS_VERSION, type SelfRow } from './check.sql.ts';
import { powersOf, whoseIs } from './powers.ts';
import { reserveOf } from './reserve.ts';
import { judgeSettings, SETTING_NAMES } from './settings.ts';
import { shownOf } from './shown.ts';
import { findTracking, TRACKING } from './tracking.ts';
import { tryRights } from './trials.ts';

/** See EngineSession.check. */
export async function checkRights(responder: Responder, canary: Login | null, timeoutMs: number): Promise<CheckFacts> {
  const left = countdown(timeoutMs);
  const { connection, features } = responder;
  const [self, clock] = await compareClocks(async () => firstRow(await connection.query(SELF, [], left())));
  const [tls] = await connection.query(TLS_VERSION, [], left());
  const settings = await connection.query(SETTINGS, [[...SETTING_NAMES, TRACKING]], left());
  const snapshot = await readSnapshot(responder, left());

  const ordinary =
    canary === null ? null : await openIfAdmitted(openConnection(canary, Math.min(CANARY_LOGIN_MS, left())));
  try {
    const decoy = ordinary === null ? null : firstRow(await ordinary.query(SELF, [], left()));
    const grants = ordinary === null ? null : await ordinary.query(GRANTS, [], left());
    return {
      server: snapshot.server,
      limits: snapshot.limits,
      login: {
        user: responder.self.user,
        database: self.database,
        isCanarysToo: responder.self.user === responder.options.canaryUser,
        ...whoseIs(powersOf(grantLines(await connection.query(GRANTS, [], left())))),
      },
      tlsVersion: tls === undefined || tls.Value === '' ? null : tls.Value,
      clock,
      trials: await tryRights(responder, decoy?.id ?? null, left),
      sight: sightOf(snapshot, features),
      tracking: await findTracking(
        responder,
        settings.some(({ Variable_name: name, Value: value }) => name === TRACKING && value === 'ON'),
        left,
      ),
      reserve: reserveOf(features, self),
      holders: holdersOf(snapshot.sessions, features),
      powers: grants === null ? null : powersOf(grantLines(grants)),
      shown: shownOf(
        snapshot.sessions,
        await responder.reader.readApplications(left()),
        features,
        quoteCurrentUser(self.account),
      ),
      strangers: snapshot.strangers,
      loginLimits: [self, ...(decoy === null ? [] : [decoy])].flatMap(loginLimitOf),
      neighbours: snapshot.sessions.filter((session) => isOrdinary(session) && isIn(session, self.database)).length,
      settings: judgeSettings(settings, features),
    };
  } finally {
    ordinary?.close();
  }
}

function grantLines(rows: readonly Readonly<Record<string, string>>[]): string[] {
  return rows.flatMap((row) => Object.values(row));
}

/** Without PROCESS the sessions of others are no more than a number. */
function sightOf({ sessions, byState }: WithoutCanary<Snapshot>, { hasTransactions }: Features): Sight {
  const shown = sessions.filter(({ own, kind }) => kind === 'client' && !own).length;
  const hidden = hasTransactions ? 0 : (byState['unseen'] ?? 0);
  return { others: shown + hidden, hidden, untracked: 0 };
}

function holdersOf(sessions: readonly Session[], { administrators, isRds }: Features): readonly ReserveHolder[] | null {
  if (isRds || administrators !== 'privileges') return null;
  const counts = new Map<string, ReserveHolder>();
  for (const { kind, own, superuser, user, application } of sessions) {
    if (kind !== 'client' || own || !superuser || user === null) continue;
    const key = JSON.stringify([user, application]);
    const sessionsSoFar = counts.get(key)?.sessions ?? 0;
    counts.set(key, { user, application: application === '' ? null : application, sessions: sessionsSoFar + 1 });
  }
  return [...counts.values()].sort((one, other) => other.sessions - one.sessions);
}

function isOrdinary({ kind, own, superuser }: Session): boolean {
  return kind === 'client' && !own && !superuser;
}

function isIn({ database }: Session, name: string | null): boolean {
  return name !== null && database === name;
}

const PLENTY = 10;

function loginLimitOf({ account, own_limit, global_limit }: SelfRow): LoginLimit[] {
  if (own_limit === 0 || own_limit >= SESSIONS_NEEDED) return [];
  const isGlobal = own_limit === global_limit;
  return [
    {
      of: `login ${account}`,
      detail: `may have ${count(own_limit, 'session')}${isGlobal ? ', like every login' : ''}`,
      // Its own limit stands above the one of every login, which is others' too.
      fix: `ALTER USER ${quoteCurrentUser(account)} WITH MAX_USER_CONNECTIONS ${isGlobal ? PLENTY : 0}`,
    },
  ];
}

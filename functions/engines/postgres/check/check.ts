import type { CheckFacts, LoginLimit } from '../../../core/protocol/check-facts.ts';
import { firstRow, type ServerConnection } from '../../shared/connection.ts';
import type { Login, SessionOptions } from '../../shared/engine.ts';
import { tryServerLock } from '../../shared/server-lock.ts';
import { countdown } from '../../shared/within.ts';
import { openConnection, ORDINARY_SETTINGS } from '../connect/connection.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import { limitsOf, readLimits, serverOf } from '../look/sample.ts';
import { HOLDERS, OWN_PID, POWERS, RESERVED_ROLES, SELF, SETTINGS, SIGHT, type SelfRow } from './check.sql.ts';
import { reserveOf } from './reserve.ts';
import { changeSetting, judgeSettings, SETTING_NAMES } from './settings.ts';
import { trySeeing, trySignalling } from './trials.ts';

const CONNECT_MS = 3_000;

/** See EngineSession.check. */
export async function checkRights(
  connection: ServerConnection,
  { canaryUser }: SessionOptions,
  canary: Login | null,
  timeoutMs: number,
): Promise<CheckFacts> {
  const left = countdown(timeoutMs);
  const ownUsers = canaryUser === null ? [] : [canaryUser];

  const limits = await readLimits(connection, false, left());
  const askedAt = Date.now();
  const self = firstRow(await connection.query(SELF, [ownUsers, RESERVED_ROLES], left()));
  const answeredAt = Date.now();
  const holders = await connection.query(HOLDERS, [ownUsers, RESERVED_ROLES], left());
  const lock = await tryServerLock(serverLockOf(connection));

  const decoy = canary === null ? null : await enterAsCanary(canary, Math.min(CONNECT_MS, left()));
  try {
    const pid = decoy === null ? null : firstRow(await decoy.query(OWN_PID, [], left())).pid;
    const { neighbours, ...sight } = firstRow(await connection.query(SIGHT, [ownUsers], left()));
    const tracking = firstRow(await (decoy ?? connection).query(SETTINGS, [['track_activities']], left()));
    const settings = await (decoy ?? connection).query(SETTINGS, [SETTING_NAMES], left());
    return {
      server: serverOf(limits),
      limits: limitsOf(limits),
      login: { user: self.user, database: self.database },
      tlsVersion: self.tls_version,
      clock: {
        skewMs: Math.round(self.clock_ms - (askedAt + answeredAt) / 2),
        withinMs: Math.ceil((answeredAt - askedAt) / 2),
      },
      trials: [
        await trySeeing(connection, limits, pid, left()),
        await trySignalling(connection, limits, pid, canary?.user ?? '', left()),
        lock,
      ],
      sight,
      tracking: {
        setting: 'track_activities',
        isOn: tracking.setting === 'on',
        isNeeded: true,
        without: 'what sessions are at is not known, so they cannot be ended',
        fix: changeSetting('track_activities', 'on', self.is_managed),
      },
      reserve: reserveOf(limits, self),
      holders,
      powers: decoy === null ? null : await decoy.query(POWERS, [], left()),
      loginLimits: loginLimitsOf(self),
      neighbours,
      settings: judgeSettings(settings, decoy !== null, self.is_managed),
    };
  } finally {
    decoy?.close();
  }
}

/** An ordinary session to try rights on: with no settings but those that everybody gets. Null when it is not let in now. */
async function enterAsCanary(login: Login, timeoutMs: number): Promise<ServerConnection | null> {
  try {
    return await openConnection(login, timeoutMs, ORDINARY_SETTINGS);
  } catch {
    return null;
  }
}

/** The worker's session, and a second one while the first is dying. */
const SESSIONS_NEEDED = 2;

function loginLimitsOf({ logins, database_limit, quoted_database, database }: SelfRow): LoginLimit[] {
  const ofLogins = logins.flatMap(({ quoted, limit, expires }): LoginLimit[] => [
    ...(limit >= 0 && limit < SESSIONS_NEEDED
      ? [
          {
            of: `login ${quoted}`,
            detail: `has a connection limit of ${limit}`,
            fix: `ALTER ROLE ${quoted} CONNECTION LIMIT -1`,
          },
        ]
      : []),
    ...(expires === null
      ? []
      : [
          {
            of: `login ${quoted}`,
            detail: `is valid until ${expires}`,
            fix: `ALTER ROLE ${quoted} VALID UNTIL 'infinity'`,
          },
        ]),
  ]);
  if (database_limit < 0) return ofLogins;
  const detail = `has a connection limit of ${database_limit}, for all its clients together`;
  const fix = `ALTER DATABASE ${quoted_database} CONNECTION LIMIT -1`;
  return [...ofLogins, { of: `database ${database}`, detail, fix }];
}

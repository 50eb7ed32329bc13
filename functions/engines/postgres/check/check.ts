import type { CheckFacts, LoginLimit } from '../../../core/protocol/check-facts.ts';
import { RDS_LOGINS } from '../../../core/server/session.ts';
import { CANARY_LOGIN_MS, compareClocks, openIfAdmitted, SESSIONS_NEEDED } from '../../shared/checking.ts';
import { firstRow, OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import type { Login, SessionOptions } from '../../shared/engine.ts';
import { tryServerLock } from '../../shared/server-lock.ts';
import { countdown } from '../../shared/within.ts';
import { openConnection, ORDINARY_SETTINGS } from '../connect/connection.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import { limitsOf, readLimits, readSample, serverOf } from '../look/sample.ts';
import { HOLDERS, OWN_BACKEND, POWERS, RESERVED_ROLES, SELF, SETTINGS, SIGHT, type SelfRow } from './check.sql.ts';
import { reserveOf } from './reserve.ts';
import { changeSetting, judgeSettings, SETTING_NAMES } from './settings.ts';
import { trySeeing, trySignalling } from './trials.ts';

/** See EngineSession.check. */
export async function checkRights(
  connection: ServerConnection,
  { canaryUser }: SessionOptions,
  canary: Login | null,
  timeoutMs: number,
): Promise<CheckFacts> {
  const left = countdown(timeoutMs);
  const ownUsers = canaryUser === null ? [] : [canaryUser];

  const limits = await readLimits(connection, left());
  const [self, clock] = await compareClocks(async () =>
    firstRow(await connection.query(SELF, [ownUsers, RESERVED_ROLES], left())),
  );
  const holders = await connection.query(HOLDERS, [ownUsers, RESERVED_ROLES, RDS_LOGINS, OWN_APPLICATION], left());
  const lock = await tryServerLock(serverLockOf(connection));

  const ordinary =
    canary === null
      ? null
      : await openIfAdmitted(openConnection(canary, Math.min(CANARY_LOGIN_MS, left()), ORDINARY_SETTINGS));
  try {
    const decoy = ordinary === null ? null : firstRow(await ordinary.query(OWN_BACKEND, [], left()));
    const { neighbours, ...sight } = firstRow(
      await connection.query(SIGHT, [ownUsers, RDS_LOGINS, OWN_APPLICATION], left()),
    );
    const tracking = firstRow(await (ordinary ?? connection).query(SETTINGS, [['track_activities']], left()));
    const settings = await (ordinary ?? connection).query(SETTINGS, [SETTING_NAMES], left());
    const powers = ordinary === null ? null : await ordinary.query(POWERS, [], left());
    const sees = await trySeeing(connection, limits, decoy, left());
    return {
      server: serverOf(limits),
      limits: limitsOf(limits),
      login: loginOf(self, canaryUser),
      tlsVersion: self.tls_version,
      clock,
      trials: [sees, await trySignalling(connection, limits, decoy, left), lock],
      sight,
      tracking: {
        setting: 'track_activities',
        isOn: tracking.setting === 'on',
        isNeeded: true,
        without: 'what sessions do is not known, so they cannot be ended',
        fix: changeSetting('track_activities', 'on', self.is_managed),
      },
      reserve: reserveOf(limits, self),
      holders,
      powers: powers && powers.map(({ name }) => name),
      // Applications and roles always show, clients always by address.
      shown: { applications: null, administrators: null, owners: null, addresses: 0, hostNames: 0 },
      strangers: (await readSample(connection, ownUsers, left())).strangers,
      loginLimits: loginLimitsOf(self),
      neighbours,
      settings: judgeSettings(settings, ordinary !== null, self.is_managed),
    };
  } finally {
    ordinary?.close();
  }
}

function loginOf(self: SelfRow, canaryUser: string | null): CheckFacts['login'] {
  const { user, database, is_administrator: isAdministrator, has_tables: isApplications } = self;
  return { user, database, isCanarysToo: user === canaryUser, isAdministrator, isApplications };
}

function loginLimitsOf({ logins, database_limit, database }: SelfRow): LoginLimit[] {
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
  const fix = 'let both logins use a database of their own (endpoint.database, or the path of both URLs)';
  return [...ofLogins, { of: `database ${database}`, detail, fix }];
}

import { matchesAny } from '../policy/patterns.ts';
import type { TargetSettings } from '../policy/target.ts';
import type { CheckFacts, LoginSources, ReserveHolder } from '../protocol/check-facts.ts';
import type { EngineName } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { failed, fine, joinFixes, listNames, notReached, shown, warning, type CheckFinding } from './finding.ts';

// How the server is set up, and whether the configuration agrees.

export function checkTls({ tlsVersion }: CheckFacts, mode: LoginSources['tlsMode']): CheckFinding {
  const safest = 'set tls.mode to "verify-full" (and tls.ca, where the authority is not a public one)';
  if (tlsVersion === null) {
    return mode === 'disable'
      ? warning('tls', 'not used: passwords and statements travel unencrypted', safest)
      : failed('tls', `tls.mode is "${mode}", but the server says that the connection is not encrypted`, safest);
  }
  if (mode === 'require') return warning('tls', `${shown(tlsVersion)}, but the certificate is not checked`, safest);
  return fine('tls', `${shown(tlsVersion)}, certificate and host name checked`);
}

export function checkServer({ server }: CheckFacts): CheckFinding {
  const words = `${server.engine} ${shown(server.version)}${server.readOnly ? ', read-only: a reader or standby' : ''}`;
  if (server.tested) return fine('server', words);
  return warning(
    'server',
    `${words}; Headroom was not tested on this version, so it only observes`,
    'use a version that the documentation lists',
  );
}

export function checkLimit(
  { limits }: CheckFacts,
  { maxConnections, reservedSlots }: Pick<TargetSettings, 'maxConnections' | 'reservedSlots'>,
): CheckFinding {
  const reserved = limits.maxConnections - limits.usable;
  const words = `max_connections is ${limits.maxConnections}, ${limits.usable} of them for ordinary clients`;
  const wrong = [
    ...(maxConnections !== undefined && maxConnections !== limits.maxConnections
      ? [{ says: `maxConnections is ${maxConnections}`, fix: `maxConnections to ${limits.maxConnections}` }]
      : []),
    ...(reservedSlots !== undefined && reservedSlots !== reserved
      ? [{ says: `reservedSlots is ${reservedSlots}`, fix: `reservedSlots to ${reserved}` }]
      : []),
  ];
  if (wrong.length === 0) return fine('limit', words);
  return failed(
    'limit',
    `${words}; but in the configuration, ${wrong.map(({ says }) => says).join(' and ')}`,
    `set ${wrong.map(({ fix }) => fix).join(' and ')} in the configuration: the alarms use it`,
  );
}

/** With more skew, IAM tokens may be refused (SigV4 allows 5 minutes) and times in records mislead. */
const SKEW_MS = { warning: 5_000, failed: 60_000 } as const;

export function checkClock({ clock }: CheckFacts): CheckFinding {
  const leastMs = Math.max(0, Math.abs(clock.skewMs) - clock.withinMs);
  const side = clock.skewMs < 0 ? 'behind' : 'ahead of';
  const words = `the server’s is ${Math.abs(clock.skewMs)} ms ${side} the worker’s (± ${clock.withinMs} ms)`;
  if (leastMs < SKEW_MS.warning) return fine('clock', words);
  const fix = 'set both clocks by NTP: login tokens and times in records depend on them';
  return leastMs < SKEW_MS.failed ? warning('clock', words, fix) : failed('clock', words, fix);
}

/** Programs that people open for a while and close again, by the application names that they set. */
const ADMINISTRATION_TOOLS = [
  'psql',
  'pgadmin*',
  'pgcli*',
  'dbeaver*',
  'datagrip*',
  'tableplus*',
  'mysql',
  'mysqladmin',
  'mysqlsh',
  'mariadb',
  'mysqlworkbench*',
  'heidisql*',
  'rds query editor*',
];

export function checkHolders({ holders, limits }: CheckFacts, engine: EngineName): CheckFinding {
  const id = 'reserve-holders';
  if (holders === null) return notReached(id, 'this server does not show which logins are administrators');
  const applications = holders.filter(({ application }) => !matchesAny(application ?? '', ADMINISTRATION_TOOLS));
  if (applications.length === 0) return fine(id, 'no application’s login may use reserved slots');
  const words = `may use reserved slots: ${listNames(applications.map(describeHolder))}`;
  const fix = `give each application a login of its own that is ${ORDINARY[engine]}`;
  const reserved = Math.max(1, limits.maxConnections - limits.usable);
  // A session whose application the server does not show may be a person's.
  const certain = applications.filter(({ application }) => application !== null);
  return certain.reduce((sum, { sessions }) => sum + sessions, 0) >= reserved
    ? failed(id, `${words}: enough to take every reserved slot (${reserved}) in an incident`, fix)
    : warning(id, words, fix);
}

function describeHolder({ user, application, sessions }: ReserveHolder): string {
  return `${user}/${application === null ? 'unknown application' : application || 'no name'} (${sessions})`;
}

const ORDINARY: Readonly<Record<EngineName, string>> = {
  postgres: 'neither a superuser nor a member of rds_superuser or pg_use_reserved_connections',
  mysql: 'not the master user and has neither CONNECTION_ADMIN nor SUPER',
  mariadb: 'not the master user and has neither CONNECTION ADMIN nor SUPER',
};

export function checkTracking({ tracking, sight }: CheckFacts): CheckFinding {
  const { setting, isOn, without, isNeeded, fix } = tracking;
  if (!isOn) return (isNeeded ? failed : warning)('tracking', `${setting} is off: ${without}`, joinFixes(fix));
  if (sight.untracked === 0) return fine('tracking', `${setting} is on`);
  return warning(
    'tracking',
    `${setting} is off for ${count(sight.untracked, 'session')}: ${without}`,
    `turn ${setting} on for their users too`,
  );
}

export function checkDatabase({ login, neighbours }: CheckFacts): CheckFinding {
  if (login.database === null) return fine('database', 'Headroom logs in without one');
  const words = `database ${shown(login.database)}`;
  if (neighbours === 0) return fine('database', `${words} has no sessions of applications`);
  return warning(
    'database',
    `${words} is shared with ${count(neighbours, 'session')} of applications: ` +
      'a limit or lock on it would keep Headroom out',
    'let both logins use a database of their own (endpoint.database, or the path of both URLs)',
  );
}

export function checkSettings({ settings }: CheckFacts): CheckFinding {
  const words = settings
    .map(
      (each) =>
        `${each.name} = ${shown(each.value ?? 'unknown') || "''"}${each.remark === null ? '' : ` (${each.remark})`}`,
    )
    .join(', ');
  const fixes = settings.flatMap(({ fix }) => fix);
  return fixes.length === 0 ? fine('settings', words) : warning('settings', words, joinFixes(fixes));
}

import type { Admission, Snapshot } from '../../functions/core/snapshot.ts';
import type { Target } from '../../lib/config.ts';
import { failed, fine, warning, type DoctorFinding } from './finding.ts';

/** What the responder's own look at the server tells: may it see, may it signal, would it get in when it matters. */
export function checkServer(
  snapshot: Snapshot,
  admission: Admission,
  target: Target,
  database: string,
): DoctorFinding[] {
  return [
    checkVersion(snapshot),
    ...checkVisibility(snapshot),
    checkReserve(snapshot, admission),
    checkLimit(snapshot, target),
    checkDatabase(snapshot, database),
  ];
}

function checkVersion({ server }: Snapshot): DoctorFinding {
  const found = `${server.engine} ${server.version}`;
  return server.tested
    ? fine('version', found)
    : warning(
        'version',
        `${found} is not tested: Headroom only observes it`,
        'use a version that the documentation names',
      );
}

function checkVisibility({ visibility }: Snapshot): DoctorFinding[] {
  const grants = visibility.missing.join('; ');
  return [
    visibility.seesSessions
      ? fine('visibility', 'the responder sees the sessions of all users')
      : failed('visibility', 'the responder may not see the sessions of other users, so it never acts', grants),
    visibility.maySignal
      ? fine('right to signal', 'the responder may end sessions of ordinary users')
      : failed('right to signal', 'the responder may end nobody', grants),
  ];
}

function checkReserve({ server, limits }: Snapshot, { reserved }: Admission): DoctorFinding {
  const slots = limits.reserves
    .filter(({ name }) => name === 'reserved_connections' || name.startsWith('rds.'))
    .reduce((sum, reserve) => sum + reserve.slots, 0);
  if (reserved && slots > 0) return fine('reserve', `${slots} slots are set aside for logins like the responder`);
  if (server.major < 16) {
    return warning(
      'reserve',
      `PostgreSQL ${server.major} sets no slots aside for the responder: it relies on its warm session and on patience`,
      'upgrade to PostgreSQL 16 or newer',
    );
  }
  return failed(
    'reserve',
    reserved ? 'reserved_connections is 0: no slot is set aside' : 'the responder may not use the reserved slots',
    [
      ...(reserved ? [] : ['GRANT pg_use_reserved_connections TO the responder']),
      ...(slots > 0 ? [] : ['set reserved_connections to 3 or so (needs a restart)']),
    ].join('; '),
  );
}

function checkLimit({ limits }: Snapshot, { maxConnections, reservedSlots }: Target): DoctorFinding {
  const reserves = limits.maxConnections - limits.usable;
  const found = `max_connections is ${limits.maxConnections}, ${limits.usable} of them usable`;
  if (maxConnections !== undefined && maxConnections !== limits.maxConnections) {
    return failed(
      'limit',
      `${found}; the configuration says ${maxConnections}`,
      `set maxConnections to ${limits.maxConnections}: the alarms count from it`,
    );
  }
  if (reservedSlots !== undefined && reservedSlots !== reserves) {
    return failed(
      'limit',
      `${found}; the configuration says that ${reservedSlots} are reserved`,
      `set reservedSlots to ${reserves}: the alarms count from it`,
    );
  }
  return fine('limit', found);
}

/** An application's database can be dropped, limited or locked for maintenance; then Headroom is out too. */
function checkDatabase({ sessions }: Snapshot, database: string): DoctorFinding {
  const others = sessions.filter(
    (session) => session.kind === 'client' && !session.own && !session.superuser && session.database === database,
  ).length;
  return others === 0
    ? fine('database', `"${database}" is not an application’s`)
    : warning(
        'database',
        `"${database}" is shared with ${others} sessions of applications: a limit on it would keep Headroom out`,
        'let both logins use a database that no application uses, such as one made for them (endpoint.database, or the path of both URLs)',
      );
}

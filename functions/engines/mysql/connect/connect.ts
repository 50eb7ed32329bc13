import { firstRow } from '../../shared/connection.ts';
import type { Login, SessionOptions } from '../../shared/engine.ts';
import { checkDirect, checkInstance, logIn, type Arrival, type LoginMeans } from '../../shared/login.ts';
import { openConnection, type MysqlConnection } from './connection.ts';
import { featuresOf, privilegesOf, unwatched, type Features } from './features.ts';
import { ACCOUNT, ARRIVAL, COLUMNS, GRANTS, THREAD, VARIABLES } from './login.sql.ts';
import { refusalOf } from './refusal.ts';

export interface Admitted {
  readonly connection: MysqlConnection;
  readonly features: Features;
  /** Our own session. `thread` is null where performance_schema does not show it. */
  readonly self: { readonly id: number; readonly user: string; readonly thread: number | null };
}

export const LOGIN_MEANS: LoginMeans<MysqlConnection> = {
  open: openConnection,
  refusalOf,
};

/** What the canary's session says of itself. */
export async function arrive(connection: MysqlConnection, left: () => number): Promise<Arrival> {
  const { id, server } = firstRow(await connection.query(ARRIVAL, [], left()));
  const grants = await connection.query(GRANTS, [], left());
  return { id, server, reserved: privilegesOf(grants.flatMap((row) => Object.values(row))).anyKill };
}

/** One try to log in as the responder, at the right server. Throws Refused. */
export function connectResponder(login: Login, { instance }: SessionOptions, timeoutMs: number): Promise<Admitted> {
  return logIn(LOGIN_MEANS, login, timeoutMs, async (connection, left) => {
    const { id, account } = firstRow(await connection.query(ACCOUNT, [], left()));
    checkDirect(connection, id);
    const variables = await connection.query(VARIABLES, [], left());
    const columns = await connection.query(COLUMNS, [], left());
    const grants = await connection.query(GRANTS, [], left());
    const features = featuresOf({
      account,
      variables,
      columns,
      grants: grants.flatMap((row) => Object.values(row)),
    });
    checkInstance(features.instance, instance);
    const [own] = features.hasThreads ? await connection.query(THREAD, [], left()) : [];
    const thread = features.hasTimers ? (own?.thread ?? null) : null;
    const isWatched = own !== undefined || !features.hasThreads;
    return { connection, features: isWatched ? features : unwatched(features), self: { id, user: login.user, thread } };
  });
}

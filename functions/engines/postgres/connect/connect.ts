import { firstRow, type ServerConnection } from '../../shared/connection.ts';
import type { Login, SessionOptions } from '../../shared/engine.ts';
import { checkDirect, checkInstance, logIn, type LoginMeans } from '../../shared/login.ts';
import { openConnection } from './connection.ts';
import { INSTANCE, LOGIN } from './login.sql.ts';
import { refusalOf } from './refusal.ts';

export interface Admitted {
  readonly connection: ServerConnection;
  readonly reserved: boolean;
}

export const LOGIN_MEANS: LoginMeans<ServerConnection> = { open: openConnection, refusalOf };

/** One try to log in as the responder, at the right server. Throws Refused. */
export function connectResponder(login: Login, { instance }: SessionOptions, timeoutMs: number): Promise<Admitted> {
  return logIn(LOGIN_MEANS, login, timeoutMs, async (connection, left) => {
    const { id, reserved, names_instance } = firstRow(await connection.query(LOGIN, [], left()));
    checkDirect(connection, id);
    if (names_instance) checkInstance(firstRow(await connection.query(INSTANCE, [], left())).instance, instance);
    return { connection, reserved };
  });
}

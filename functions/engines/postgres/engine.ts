import { firstRow, type ServerConnection } from '../shared/connection.ts';
import type { Engine, EngineSession, SessionOptions } from '../shared/engine.ts';
import { rememberLooks } from '../shared/looks/earlier-looks.ts';
import { isAlive, tryCanaryLogin } from '../shared/login.ts';
import { endUnderLock } from './change/end.ts';
import { limitUser } from './change/limit-user.ts';
import { checkRights } from './check/check.ts';
import { connectResponder, LOGIN_MEANS, type Admitted } from './connect/connect.ts';
import { ARRIVAL } from './connect/login.sql.ts';
import { readSample } from './look/sample.ts';
import { readSnapshot } from './look/snapshot.ts';

export const postgresEngine: Engine = {
  connect: async (login, options, timeoutMs) =>
    createSession(await connectResponder(login, options, timeoutMs), options),
  tryCanaryLogin: (login, server, timeoutMs) => {
    const arrive = async (connection: ServerConnection, left: () => number) =>
      firstRow(await connection.query(ARRIVAL, [], left()));
    return tryCanaryLogin(LOGIN_MEANS, arrive, login, { server, timeoutMs });
  },
};

function createSession({ connection, reserved }: Admitted, options: SessionOptions): EngineSession {
  const looks = rememberLooks();
  const ownUsers = options.canaryUser === null ? [] : [options.canaryUser];
  return {
    reserved,
    isAlive: (timeoutMs) => isAlive(connection, timeoutMs),
    sample: (timeoutMs) => readSample(connection, ownUsers, timeoutMs),
    snapshot: (timeoutMs) => readSnapshot({ connection, looks }, options, timeoutMs),
    check: (canary, timeoutMs) => checkRights(connection, options, canary, timeoutMs),
    end: (request) => endUnderLock(connection, ownUsers, request),
    limitUser: (change) => limitUser(connection, ownUsers, change),
    close: () => connection.close(),
  };
}

import type { Engine, EngineSession, SessionOptions } from '../shared/engine.ts';
import { isAlive, tryCanaryLogin } from '../shared/login.ts';
import { endUnderLock } from './change/end.ts';
import { limitUser } from './change/limit-user.ts';
import { checkRights } from './check/check.ts';
import { arrive, connectResponder, LOGIN_MEANS, type Admitted } from './connect/connect.ts';
import { readSample } from './look/sample.ts';
import { readSnapshot } from './look/snapshot.ts';
import { createSessionReader } from './sessions/session-reader.ts';

/** MySQL and MariaDB: differences are recognised by what the server has, not by its name. */
export const mysqlEngine: Engine = {
  connect: async (login, options, timeoutMs) =>
    createSession(await connectResponder(login, options, timeoutMs), options),
  tryCanaryLogin: (login, server, timeoutMs) => tryCanaryLogin(LOGIN_MEANS, arrive, login, { server, timeoutMs }),
};

function createSession(admitted: Admitted, options: SessionOptions): EngineSession {
  const responder = { ...admitted, options, reader: createSessionReader(admitted) };
  const { connection, features } = admitted;
  return {
    reserved: features.reserved,
    isAlive: (timeoutMs) => isAlive(connection, timeoutMs),
    sample: (timeoutMs) => readSample(responder, timeoutMs),
    snapshot: (timeoutMs) => readSnapshot(responder, timeoutMs),
    check: (canary, timeoutMs) => checkRights(responder, canary, timeoutMs),
    end: (request) => endUnderLock(responder, request),
    limitUser: (change) => limitUser(responder, change),
    close: () => connection.close(),
  };
}

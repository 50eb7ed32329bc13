import type { Engine, EngineSession, SessionOptions } from '../shared/engine.ts';
import { endSessions } from './change/end.ts';
import { limitUser } from './change/limit-user.ts';
import { checkRights } from './check/check.ts';
import { knock } from './connect/canary.ts';
import { connectResponder, type Admitted } from './connect/connect.ts';
import { PING } from './connect/login.sql.ts';
import { takeSample } from './look/sample.ts';
import { takeSnapshot } from './look/snapshot.ts';

export const postgresEngine: Engine = {
  connect: async (login, options, timeoutMs) => sessionOver(await connectResponder(login, options, timeoutMs), options),
  knock,
};

function sessionOver({ connection, reserved }: Admitted, options: SessionOptions): EngineSession {
  const ownUsers = options.canaryUser === null ? [] : [options.canaryUser];
  return {
    reserved,
    async isAlive(timeoutMs) {
      try {
        await connection.query(PING, [], timeoutMs);
        return true;
      } catch {
        connection.close();
        return false;
      }
    },
    sample: (timeoutMs) => takeSample(connection, timeoutMs),
    snapshot: (timeoutMs) => takeSnapshot(connection, options, timeoutMs),
    check: (canary, timeoutMs) => checkRights(connection, options, canary, timeoutMs),
    end: (request) => endSessions(connection, ownUsers, request),
    limitUser: (change) => limitUser(connection, ownUsers, change),
    close: () => connection.close(),
  };
}

import type { Engine, EngineSession, SessionOptions } from '../shared/engine.ts';
import { endSessions } from './change/end.ts';
import { limitUser } from './change/limit-user.ts';
import { checkRights } from './check/check.ts';
import { knock } from './connect/canary.ts';
import { connectResponder, type Admitted } from './connect/connect.ts';
import { PING } from './connect/login.sql.ts';
import { takeSample } from './look/sample.ts';
import { takeSnapshot } from './look/snapshot.ts';
import { lookoutOver } from './sessions/look.ts';

/** MySQL and MariaDB: what differs between them is told by what the server has, not by its name. */
export const mysqlEngine: Engine = {
  connect: async (login, options, timeoutMs) => sessionOver(await connectResponder(login, options, timeoutMs), options),
  knock,
};

function sessionOver(admitted: Admitted, options: SessionOptions): EngineSession {
  const inside = { ...admitted, options, lookout: lookoutOver(admitted) };
  const { connection, features } = admitted;
  return {
    reserved: features.reserved,
    async isAlive(timeoutMs) {
      try {
        await connection.query(PING, [], timeoutMs);
        return true;
      } catch {
        connection.close();
        return false;
      }
    },
    sample: (timeoutMs) => takeSample(inside, timeoutMs),
    snapshot: (timeoutMs) => takeSnapshot(inside, timeoutMs),
    check: (canary, timeoutMs) => checkRights(inside, canary, timeoutMs),
    end: (request) => endSessions(inside, request),
    limitUser: (change) => limitUser(inside, change),
    close: () => connection.close(),
  };
}

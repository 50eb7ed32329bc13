import { Refused, type Login } from '../../shared/engine.ts';
import { openConnection } from './connection.ts';
import { PING } from './login.sql.ts';
import { refusalOf } from './refusal.ts';

/** See Engine.knock. */
export async function knock(login: Login, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  try {
    const connection = await openConnection(login, timeoutMs);
    try {
      await connection.query(PING, [], Math.max(1, deadline - Date.now()));
    } finally {
      connection.close();
    }
  } catch (error) {
    throw new Refused(refusalOf(error, login.tls.mode), { cause: error });
  }
}

import { ConnectionLost, Refused, type Login, type SessionOptions } from '../../shared/engine.ts';
import { openConnection, type Connection } from './connection.ts';
import { INSTANCE, LOGIN } from './login.sql.ts';
import { refusalOf } from './refusal.ts';

export interface Admitted {
  readonly connection: Connection;
  readonly reserved: boolean;
}

/** One try to log in as the responder, at the right server. Throws Refused. */
export async function connectResponder(login: Login, options: SessionOptions, timeoutMs: number): Promise<Admitted> {
  const deadline = Date.now() + timeoutMs;
  let connection: Connection | null = null;
  try {
    connection = await openConnection(login, timeoutMs);
    const [may] = await connection.query(LOGIN, [], Math.max(1, deadline - Date.now()));
    if (may === undefined) throw new ConnectionLost('', 'the server answered without a row');
    if (may.names_instance) await checkInstance(connection, options.instance, deadline);
    return { connection, reserved: may.reserved };
  } catch (error) {
    connection?.close();
    throw new Refused(refusalOf(error), { cause: error });
  }
}

/** On Aurora a name in DNS can lead to another instance of the cluster; ending sessions there would help nobody. */
async function checkInstance(connection: Connection, expected: string, deadline: number): Promise<void> {
  const [found] = await connection.query(INSTANCE, [], Math.max(1, deadline - Date.now()));
  if (found?.instance.toLowerCase() === expected.toLowerCase()) return;
  throw new Refused({
    kind: 'wrong-server',
    code: '',
    message: `this is the instance "${found?.instance}", not "${expected}"; use the endpoint of the instance itself`,
  });
}

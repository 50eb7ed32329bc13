import { ConnectionLost, Refused, type Login, type SessionOptions } from '../../shared/engine.ts';
import { openConnection, type Connection } from './connection.ts';
import { featuresOf, type Features } from './features.ts';
import { ACCOUNT, COLUMNS, GRANTS, THREAD, VARIABLES } from './login.sql.ts';
import { refusalOf } from './refusal.ts';

export interface Admitted {
  readonly connection: Connection;
  readonly features: Features;
  /** Our own session. `thread` is null where performance_schema does not show it. */
  readonly self: { readonly id: number; readonly user: string; readonly thread: number | null };
}

/** One try to log in as the responder, at the right server. Throws Refused. */
export async function connectResponder(login: Login, options: SessionOptions, timeoutMs: number): Promise<Admitted> {
  const deadline = Date.now() + timeoutMs;
  const left = () => Math.max(1, deadline - Date.now());
  let connection: Connection | null = null;
  try {
    connection = await openConnection(login, timeoutMs);
    const [account] = await connection.query(ACCOUNT, [], left());
    if (account === undefined) throw new ConnectionLost('', 'the server answered without a row');
    const variables = await connection.query(VARIABLES, [], left());
    const columns = await connection.query(COLUMNS, [], left());
    const grants = await connection.query(GRANTS, [], left());
    const features = featuresOf({
      account: account.account,
      variables,
      columns,
      grants: grants.flatMap((row) => Object.values(row)),
    });
    checkInstance(features.instance, options.instance);
    const [own] = features.hasTimers ? await connection.query(THREAD, [], left()) : [];
    return { connection, features, self: { id: account.id, user: login.user, thread: own?.thread ?? null } };
  } catch (error) {
    connection?.close();
    throw new Refused(refusalOf(error, login.tls.mode), { cause: error });
  }
}

/** On Aurora a name in DNS can lead to another instance of the cluster; ending sessions there would help nobody. */
export function checkInstance(found: string | null, expected: string): void {
  if (found === null || found.toLowerCase() === expected.toLowerCase()) return;
  throw new Refused({
    kind: 'wrong-server',
    code: '',
    message: `this is the instance "${found}", not "${expected}"; use the endpoint of the instance itself`,
  });
}

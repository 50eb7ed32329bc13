import { setTimeout as sleep } from 'node:timers/promises';
import type { Right, Trial } from '../../../core/protocol/check-facts.ts';
import type { EndMethod } from '../../../core/protocol/worker.ts';
import { denied, judgeUntried, worked } from '../../shared/checking.ts';
import { tryServerLock } from '../../shared/server-lock.ts';
import { isServerError } from '../connect/connection.ts';
import type { Features } from '../connect/features.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import type { Responder } from '../look/sample.ts';
import { processes } from '../sessions/usage.sql.ts';
import { TRY_KILL, TRY_ROW_WAITS, TRY_TRANSACTIONS } from './check.sql.ts';

/**
 * Tries the rights where that harms no client: on a session of the canary, which the last of them ends. `decoy`: its
 * connection id; null when there is none.
 */
export async function tryRights(responder: Responder, decoy: number | null, left: () => number): Promise<Trial[]> {
  return [
    await trySeeing(responder, decoy, left()),
    await tryTransactions(responder, left()),
    await tryLocks(responder, left()),
    // The report has ending before cancelling; tried, ending has to come last.
    ...(await tryEnding(responder, decoy, left)),
    await tryServerLock(serverLockOf(responder.connection)),
  ];
}

async function trySeeing({ connection, features }: Responder, decoy: number | null, timeoutMs: number): Promise<Trial> {
  const right = 'see-sessions';
  const fix = lacking(features, / PROCESS ON | ON mysql\.(?!rds_)/);
  if (features.administrators === null) {
    return denied(right, 'it cannot see which users are administrators, so it ends no session', fix);
  }
  if (decoy === null) return judgeUntried(right, 'the grant', features.hasTransactions, fix);
  const rows = await connection.query(
    processes(features, { ids: [decoy], withStatements: false }),
    [[decoy]],
    timeoutMs,
  );
  return rows.length === 0
    ? denied(right, 'the canary’s session is hidden from it', fix)
    : worked(right, 'it saw what the canary’s session does');
}

async function tryTransactions({ connection, features }: Responder, timeoutMs: number): Promise<Trial> {
  return attempt({
    right: 'see-transactions',
    done: 'it read information_schema.INNODB_TRX',
    fix: lacking(features, / PROCESS ON /),
    use: () => connection.query(TRY_TRANSACTIONS, [], timeoutMs),
  });
}

async function tryLocks({ connection, features }: Responder, timeoutMs: number): Promise<Trial> {
  const right = 'see-locks';
  const { rowWaits } = features;
  const fix = lacking(features, / ON performance_schema\./);
  if (fix.length > 0) {
    return denied(right, 'it may not read all the tables of performance_schema that it uses', fix);
  }
  if (rowWaits === null) {
    const detail = 'as it is set up, this server does not show who waits for row locks';
    return { right, result: 'granted', detail, fix: [] };
  }
  return attempt({
    right,
    done: `it read who waits, in ${rowWaits}`,
    fix: lacking(features, / PROCESS ON /),
    use: () => connection.query(TRY_ROW_WAITS[rowWaits], [], timeoutMs),
  });
}

async function tryEnding(responder: Responder, decoy: number | null, left: () => number): Promise<readonly Trial[]> {
  const cancelled = await tryKill(responder, 'cancel', decoy, left());
  return [await tryKill(responder, 'terminate', decoy, left()), cancelled];
}

const KILL = {
  terminate: { right: 'end-sessions', done: 'it ended the canary’s session', needs: /CONNECTION[_ ]ADMIN|rds_kill\b/ },
  cancel: {
    right: 'cancel-queries',
    done: 'it sent a KILL QUERY to the canary’s session',
    needs: /CONNECTION[_ ]ADMIN|rds_kill_query\b/,
  },
} as const satisfies Record<EndMethod, { right: Right; done: string; needs: RegExp }>;

async function tryKill(
  responder: Responder,
  method: EndMethod,
  decoy: number | null,
  timeoutMs: number,
): Promise<Trial> {
  const { connection, features } = responder;
  const { right, done, needs } = KILL[method];
  const fix = lacking(features, needs);
  if (decoy === null) return judgeUntried(right, 'the grant', features.visibility.maySignal, fix);
  const use = () => connection.run(TRY_KILL[features.kills][method], [decoy], timeoutMs);
  const tried = await attempt({ right, done, fix, use });
  if (method === 'cancel' || tried.result !== 'worked' || (await hasGone(responder, decoy, timeoutMs))) return tried;
  return denied(right, 'the server took the order, and the canary’s session lives on', []);
}

const GONE_WITHIN = { reads: 20, everyMs: 50 } as const;

async function hasGone({ connection, features }: Responder, id: number, timeoutMs: number): Promise<boolean> {
  for (let read = 1; read <= GONE_WITHIN.reads; read++) {
    const rows = await connection.query(processes(features, { ids: [id], withStatements: false }), [[id]], timeoutMs);
    if (rows.length === 0) return true;
    await sleep(GONE_WITHIN.everyMs);
  }
  return false;
}

interface Attempt {
  readonly right: Right;
  /** What was done when it worked. */
  readonly done: string;
  /** What an administrator grants when it did not. */
  readonly fix: readonly string[];
  readonly use: () => Promise<unknown>;
}

/** Denied with the server's own words, whatever they are. */
async function attempt({ right, done, fix, use }: Attempt): Promise<Trial> {
  try {
    await use();
    return worked(right, done);
  } catch (error) {
    if (!isServerError(error)) throw error;
    return denied(right, error.message, fix);
  }
}

function lacking({ visibility }: Features, needs: RegExp): readonly string[] {
  return visibility.missing.filter((statement) => needs.test(statement));
}

import { openSessions, pause, type LoadContext } from './behaviour.ts';
import type { ClientSession } from './client-session.ts';

/** Joins everything with everything: really keeps a processor busy, and would for hours. */
const CROSS_JOIN =
  'SELECT sum(a.total * b.total) FROM orders a CROSS JOIN orders b CROSS JOIN orders c WHERE a.id <> b.id';

/** Reports without end, one per session. A client whose query is cancelled gives up and disconnects. */
export async function runawayQuery(context: LoadContext): Promise<void> {
  await openSessions(context, 'runs without end', async (session, index) => {
    void runToTheEnd(session, statementFor(context, index));
    await pause(context, 0, 20);
  });
  context.ready();
}

function statementFor(context: LoadContext, index: number): string {
  if (index === 0) return CROSS_JOIN;
  // The rest take slots without loading the machine.
  return index <= context.spec.stubborn ? context.dialect.stubbornQuery : context.dialect.endlessQuery;
}

async function runToTheEnd(session: ClientSession, sql: string): Promise<void> {
  await session.run(sql);
  if (session.isAlive()) await session.close();
}

import { openSessions, type LoadContext } from './behaviour.ts';

/** A standby: a real replication stream. */
export async function replication(context: LoadContext): Promise<void> {
  await openSessions(context, 'streams to a standby', (session) => session.replicate());
  context.ready();
}

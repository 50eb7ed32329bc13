import * as z from 'zod/mini';
import { openSessions, type LoadContext } from './behaviour.ts';

const position = z.tuple([z.object({ xlogpos: z.string().check(z.regex(/^[0-9A-F]+\/[0-9A-F]+$/)) })]);

/** A standby: a real replication stream, served by a WAL sender. */
export async function replication(context: LoadContext): Promise<void> {
  await openSessions(context, 'streams to a standby', async (session) => {
    const [{ xlogpos }] = position.parse(await session.run('IDENTIFY_SYSTEM'));
    // Streams until the session is over; a replication command takes no parameters.
    void session.run(`START_REPLICATION PHYSICAL ${xlogpos}`);
  });
  context.ready();
}

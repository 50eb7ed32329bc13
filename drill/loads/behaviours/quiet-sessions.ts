import { setTimeout as sleep } from 'node:timers/promises';
import { openSessions, type LoadContext } from './behaviour.ts';

/** Connections that were opened manually and forgotten in another window, until a person closes them. */
export async function quietSessions(context: LoadContext): Promise<void> {
  const sessions = await openSessions(context, 'sits there', async (session) => {
    await session.run('SELECT 1');
  });
  context.ready();
  if (context.spec.leaveAfterAlarmMs === undefined) return;
  await context.alarm;
  await sleep(context.spec.leaveAfterAlarmMs);
  await Promise.all(sessions.filter((session) => session.isAlive()).map((session) => session.close()));
}

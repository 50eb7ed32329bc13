import type { Session, Tool } from '../../../core/server/session.ts';

/**
 * A tool's sessions are one user's from one client. More of them are an application that shares the user with the tool:
 * then only those that show it themselves belong to the tool.
 */
const MOST_OF_A_TOOL = 16;

/**
 * A tool keeps sessions beside the one that shows what it is. So all sessions of its user and client are the tool's. One
 * that reads the replication stream beside ordinary sessions moves data (gh-ost, Debezium).
 */
export function withToolSiblings(sessions: readonly Session[]): readonly Session[] {
  const groups = Map.groupBy(
    sessions.filter(({ user }) => user !== null),
    placeOf,
  );
  const tools = new Map<string, Tool>();
  for (const [place, own] of groups) {
    const clients = own.filter(({ kind }) => kind === 'client');
    const shown = own.find(({ tool }) => tool !== null)?.tool;
    const tool = shown ?? (own.some(({ kind }) => kind === 'replication') ? 'migration' : null);
    if (tool !== null && clients.length <= MOST_OF_A_TOOL) tools.set(place, tool);
  }
  return sessions.map((session) => {
    const tool = session.kind === 'client' && session.tool === null ? tools.get(placeOf(session)) : undefined;
    return tool === undefined ? session : { ...session, tool };
  });
}

function placeOf({ user, client }: Session): string {
  return JSON.stringify([user, client]);
}

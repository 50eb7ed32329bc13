import { hostOf } from '../core/members/member.ts';
import { BadRequest } from '../core/protocol/errors.ts';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import type { EngineEntry } from '../engines/entry.ts';
import { leave, type Access } from './admission.ts';
import { createBackOff } from './back-off.ts';
import { createGuard, type Guard } from './guard.ts';
import { loginsOf, type Surroundings } from './logins.ts';

/** One server of a worker: the way in with its kept session, what may be done there, and whose turn it is. */
export interface WorkerServer {
  readonly access: Access;
  readonly guard: Guard;
  /** Requests to one server wait for each other; those to another do not. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The servers of a worker: one, or the members of a cluster as requests name them. */
export interface WorkerServers {
  /** Throws BadRequest when a member is named that cannot be, or none that must be. */
  of(member: string | undefined): WorkerServer;
  close(): void;
}

/**
 * A cluster has a writer and up to 15 readers. Of more, which have left by then, the sessions of those that nobody has
 * asked for longest are let go. What was ended there stays on the tally.
 */
const MOST_SESSIONS = 16;

/** Throws, naming the field, when the settings cannot work. */
export async function openServers(
  settings: WorkerSettings,
  surroundings: Surroundings,
  { url, load }: EngineEntry,
): Promise<WorkerServers> {
  const engine = await load();
  const open = (instance: string, host: string | null): WorkerServer => {
    const logins = loginsOf(settings, url, surroundings, host);
    const options = { instance, statements: settings.statements };
    return serverWith({ engine, logins, options, backOff: createBackOff(Date.now), kept: null }, settings);
  };
  const { members, instance, auth } = settings;
  if (members === undefined) return single(open(instance, null), instance);
  if (auth.mode === 'secret')
    throw new Error('auth.mode: a password would work on any server that has the login; a cluster needs mode "iam"');
  // Members come with the first request, and what is wrong with the settings shows at once.
  loginsOf(settings, url, surroundings, members);
  return cluster(members, instance, open);
}

function single(server: WorkerServer, instance: string): WorkerServers {
  return {
    of(member) {
      if (member === undefined) return server;
      throw new BadRequest(`member: found "${member}", but this worker has one server, ${instance}; leave it out`);
    },
    close: () => leave(server.access),
  };
}

type Open = (instance: string, host: string) => WorkerServer;

function cluster(pattern: string, name: string, open: Open): WorkerServers {
  /** By member, the one asked for last at the end. */
  const servers = new Map<string, WorkerServer>();
  return {
    of(member) {
      if (member === undefined) throw new BadRequest(`member: is missing; name the member of cluster ${name} to reach`);
      const server = servers.get(member) ?? open(member, hostOf(pattern, member));
      servers.delete(member);
      servers.set(member, server);
      for (const { access, inTurn } of [...servers.values()].slice(0, -MOST_SESSIONS)) {
        if (access.kept !== null) void inTurn(() => Promise.resolve(leave(access)));
      }
      return server;
    },
    close: () => [...servers.values()].forEach(({ access }) => leave(access)),
  };
}

function serverWith(access: Access, { bounds }: WorkerSettings): WorkerServer {
  let last: Promise<unknown> = Promise.resolve();
  return {
    access,
    guard: createGuard(bounds),
    inTurn(work) {
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

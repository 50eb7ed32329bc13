import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import type { WorkerReply } from '../../../functions/core/protocol/worker.ts';
import { engineEntry } from '../../../functions/engines/registry.ts';
import { createWorker, type Worker } from '../../../functions/worker/worker.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import { byUrl } from '../../support/by-url.ts';
import { startForwarder, type Forwarder } from '../../support/forwarder.ts';

/**
 * Members of a pretended cluster have names of one letter, which end an address of this machine: `a` is 127.0.0.10.
 * So the worker makes its hosts of names here as it does with the names that RDS gives.
 */
const PATTERN = '::ffff:7f00:*';
const ADDRESSES = { a: '127.0.0.10', b: '127.0.0.11', c: '127.0.0.12' } as const;
export type MemberName = keyof typeof ADDRESSES;

export interface PretendedCluster {
  /** All members listen on it, each at an address of its own. */
  readonly port: number;
  readonly lines: Readonly<Partial<Record<MemberName, Forwarder>>>;
}

/** `ports`: of the real servers that stand for the members. */
export async function startCluster(ports: Readonly<Partial<Record<MemberName, number>>>): Promise<PretendedCluster> {
  const lines: Partial<Record<MemberName, Forwarder>> = {};
  let port = 0;
  for (const [name, to] of Object.entries(ports) as [MemberName, number][]) {
    const line = await startForwarder(to, 0, undefined, { host: ADDRESSES[name], port });
    lines[name] = line;
    ({ port } = line);
  }
  return { port, lines };
}

/** `responder` and `canary`: URLs of the logins, which every member has. */
export function openClusterWorker(
  engine: WorkerSettings['engine'],
  { port }: PretendedCluster,
  logins: { readonly responder: string; readonly canary: string },
  settings: Partial<WorkerSettings> = {},
): Promise<Worker> {
  const at = (url: string): string => {
    const changed = new URL(url);
    changed.port = String(port);
    return changed.href;
  };
  return createWorker(
    byUrl(engine, { instance: 'shop', members: PATTERN, ...settings }),
    { env: { RESPONDER: at(logins.responder), CANARY: at(logins.canary) }, folder: '/' },
    engineEntry(engine),
  );
}

export function ask(worker: Worker, kind: string, member: unknown, more: object = {}): Promise<WorkerReply> {
  return worker.answer({ schema: SCHEMA, kind, member, deadline: Date.now() + 15_000, ...more });
}

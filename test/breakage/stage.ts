import pg from 'pg';
import { stringify } from 'yaml';
import { createLogins, startPostgres, type PostgresServer } from '../../drill/servers/postgres.ts';
import type { Mode } from '../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import type { DispatchResult } from '../../functions/core/protocol/steps.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import type { Notification, Progress } from '../../local/machine/progress.ts';
import { raiseAlarm } from '../../local/runs/alarm-run.ts';
import { startRuntime, type LocalRuntime } from '../../local/runtime/runtime.ts';

export const TARGET = 'shop';
export const WORKER = `headroom-worker-${TARGET}`;
const USABLE = 20;
const RESERVED = 5;

/** A full server, the real workflow beside it, and everything that was said. */
export interface Stage {
  readonly server: PostgresServer;
  readonly runtime: LocalRuntime;
  readonly progress: readonly Progress[];
  /** Opens sessions of an ordinary user. Each listens for errors, so that its end is no crash. */
  connect(count: number, application?: string): Promise<pg.Client[]>;
  /**
   * As many clients of that user as are asked for, each of which comes again at once when it loses its session or gets
   * none. Returns how they go for good.
   */
  storm(count: number): () => void;
  /** How many sessions the ordinary user has. */
  sessions(): Promise<number>;
  /** The connection limit of the ordinary user; -1 for none. */
  limit(): Promise<number>;
  /** Hands dispatch a fresh alarm. */
  alarm(): Promise<DispatchResult>;
  /** The incident once its workflow has ended. */
  ended(incidentId: string): Promise<Incident>;
  /** Subjects of what people were told. */
  told(): string[];
  /** Waits until something happened; fails after a minute. */
  until(what: string, happened: () => boolean | Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly mode?: Mode;
  /** Replaces the responder's URL. */
  readonly responderUrl?: (server: PostgresServer) => string;
}

const QUICK = {
  ages: {
    idleSeconds: 1,
    idleInTransactionSeconds: 1,
    abortedTransactionSeconds: 1,
    querySeconds: 1,
    cancelGraceSeconds: 4,
    blockerTransactionSeconds: 1,
    blockerWaitSeconds: 1,
  },
  loop: {
    settleSeconds: 1,
    reliefSpacingSeconds: 0.2,
    patienceSeconds: 3,
    maxMinutes: 1,
    stayMinutes: 0,
    holdSeconds: 0,
  },
};

/** A server with 20 usable slots, its own user `app`, and the runtime with a compressed policy in mode act. */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const server = await startPostgres({
    maxConnections: USABLE + RESERVED,
    reservedConnections: 2,
    superuserReservedConnections: 3,
  });
  const clients: pg.Client[] = [];
  let isStopping = false;
  try {
    const { responderUrl, canaryUrl } = await createLogins(server, ['app']);
    const admin = new pg.Client({ connectionString: server.adminUrl });
    await admin.connect();
    await admin.query("CREATE ROLE app LOGIN PASSWORD 'app'");
    await admin.end();

    const progress: Progress[] = [];
    const config = configOf(options);
    const runtime = await startRuntime({
      config,
      environment: { URL: options.responderUrl?.(server) ?? responderUrl, CANARY: canaryUrl },
      recordsFolder: null,
      onProgress: (happening) => progress.push(happening),
    });
    const told = () =>
      progress.filter((each): each is Notification => each.kind === 'notification').map(({ subject }) => subject);
    return {
      server,
      runtime,
      progress,
      told,
      async connect(count, application = 'app') {
        const opened = await Promise.all(
          Array.from({ length: count }, async () => {
            const client = new pg.Client({
              connectionString: server.urlFor({ user: 'app', password: 'app' }),
              application_name: application,
            });
            client.on('error', () => undefined);
            await client.connect();
            await client.query('SELECT 1');
            return client;
          }),
        );
        clients.push(...opened);
        return opened;
      },
      storm(count) {
        const url = server.urlFor({ user: 'app', password: 'app' });
        const storm = new AbortController();
        const isOver = () => isStopping || storm.signal.aborted;
        for (let index = 0; index < count; index++) void comeAgain(url, isOver, storm.signal);
        return () => storm.abort();
      },
      async sessions() {
        const eyes = await connectPatiently(server.adminUrl);
        const { rowCount } = await eyes.query("SELECT FROM pg_stat_activity WHERE usename = 'app'");
        await eyes.end();
        return rowCount ?? 0;
      },
      async limit() {
        const eyes = await connectPatiently(server.adminUrl);
        const { rows } = await eyes.query<{ most: number }>(
          "SELECT rolconnlimit AS most FROM pg_roles WHERE rolname = 'app'",
        );
        await eyes.end();
        return rows[0]?.most ?? 0;
      },
      alarm: () => raiseAlarm(runtime, TARGET, makeAlarmEvent({ settings: settingsIn(config), at: Date.now() })),
      async ended(incidentId) {
        await runtime.executionEnded(incidentId);
        const incident = await runtime.store.incidents.byId(incidentId);
        if (!incident) throw new Error(`there is no incident ${incidentId}`);
        return incident;
      },
      async until(what, happened) {
        const deadline = Date.now() + 60_000;
        while (!(await happened())) {
          if (Date.now() > deadline) throw new Error(`waited 60 s in vain: ${what}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      async stop() {
        isStopping = true;
        await runtime.stop();
        for (const client of clients) void client.end().catch(() => undefined);
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Whoever storms takes the administrators' slots too, for as long as it takes to be refused. */
async function connectPatiently(connectionString: string): Promise<pg.Client> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      const isFull = error instanceof pg.DatabaseError && error.code === '53300';
      if (!isFull || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function comeAgain(url: string, isOver: () => boolean, over: AbortSignal): Promise<void> {
  while (!isOver()) {
    const client = new pg.Client({ connectionString: url, application_name: 'storm' });
    const lost = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', () => undefined);
    const isIn = await client.connect().then(
      () => true,
      () => false,
    );
    const leave = () => void client.end().catch(() => undefined);
    if (isIn) {
      over.addEventListener('abort', leave, { once: true });
      await lost;
      over.removeEventListener('abort', leave);
    } else await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1_000));
  }
}

export function incidentOf(answer: DispatchResult): string {
  if (!('incidentId' in answer)) throw new Error(`dispatch ${answer.result}: ${answer.reason}`);
  return answer.incidentId;
}

function configOf({ policy, mode = 'act' }: StageOptions): HeadroomConfig {
  const target = {
    id: TARGET,
    engine: 'postgres',
    auth: { mode: 'url', variable: 'URL', canaryVariable: 'CANARY' },
    tls: { mode: 'disable' },
    maxConnections: USABLE + RESERVED,
    reservedSlots: RESERVED,
    mode,
    rehearsal: true,
    policy: { ...QUICK, ...policy },
  };
  return parseConfig(stringify({ targets: [target] }), 'breakage');
}

/** What the rules of such a target send. */
export function settingsFor(options: StageOptions): TargetSettings {
  return settingsIn(configOf(options));
}

function settingsIn(config: HeadroomConfig): TargetSettings {
  const [target] = config.targets;
  if (!target) throw new Error('the config has no target');
  return toTargetSettings(config, target);
}

import { ofPerson } from '../../functions/core/policy/bounds.ts';
import type { WorkerServer } from '../../functions/core/ports/worker-client.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type {
  CheckAnswer,
  EndAnswer,
  LimitAnswer,
  SnapshotAnswer,
  WorkerReply,
  WorkerRequest,
} from '../../functions/core/protocol/worker.ts';
import { engineEntry } from '../../functions/engines/registry.ts';
import { createWorker } from '../../functions/worker/worker.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toWorkerSettings } from '../../lib/config/settings.ts';
import type { CommandedWorker } from '../installation/deployed-worker.ts';

/** Beyond the patience of the policy: for the snapshot itself. */
const GRACE_MS = 15_000;
const CHECK_MS = 25_000;

/**
 * The deployed worker of a target on AWS, else one in this process. Throws when the settings cannot work. Connects to
 * nothing yet.
 */
export async function workerFor(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<CommandedWorker> {
  if (placeOf(target) !== 'aws') return startOwnWorker(config, target, environment);
  const { deployedWorker } = await import('../installation/deployed-worker.ts');
  return deployedWorker(config);
}

async function startOwnWorker(
  config: HeadroomConfig,
  target: Target,
  environment: NodeJS.ProcessEnv,
): Promise<CommandedWorker> {
  const { bounds, ...settings } = toWorkerSettings(config, target);
  const worker = await createWorker(
    { ...settings, bounds: ofPerson(bounds) },
    { env: environment, folder: process.cwd() },
    engineEntry(target.engine),
  );
  const ask = async <Answer extends WorkerReply>(
    request: WorkerRequest,
    isAnswer: (reply: WorkerReply) => reply is Answer,
  ): Promise<Answer> => {
    const reply = await worker.answer(request);
    if (isAnswer(reply)) return reply;
    throw new Error(`the worker's answer does not fit the request "${request.kind}"`);
  };
  return {
    snapshot: (_, request) => ask({ schema: SCHEMA, kind: 'snapshot', ...request }, isSnapshot),
    check: (_, request) => ask({ schema: SCHEMA, kind: 'check', ...request }, isCheck),
    end: (_, request) => ask({ schema: SCHEMA, kind: 'end', ...request }, isEnd),
    limit: (_, request) => ask({ schema: SCHEMA, kind: 'limit', ...request }, isLimit),
    lift: (_, request) => ask({ schema: SCHEMA, kind: 'lift', ...request }, isLimit),
    close: () => worker.close(),
  };
}

/** How a command gets its worker, which it closes in the end. */
export type OpenWorker = typeof workerFor;

/** The server that is asked, with the configuration that it is of. */
interface Asked {
  readonly config: HeadroomConfig;
  readonly target: Target;
  /** The worker, and the member where it has a cluster. */
  readonly settings: WorkerServer;
}

/**
 * One snapshot, without a workflow around it. A refused login is an answer too. Throws when the settings
 * cannot work or the connection fails in the middle.
 */
export async function askForSnapshot(
  asked: Asked,
  environment: NodeJS.ProcessEnv,
  open: OpenWorker = workerFor,
): Promise<SnapshotAnswer> {
  const patienceMs = asked.target.policy.loop.patienceSeconds * 1000;
  const deadline = Date.now() + patienceMs + GRACE_MS;
  return askOnce(await open(asked.config, asked.target, environment), (worker) =>
    worker.snapshot(asked.settings, { deadline, patienceMs }),
  );
}

/** One check, likewise. */
export async function askForCheck(asked: Asked, environment: NodeJS.ProcessEnv): Promise<CheckAnswer> {
  return askOnce(await workerFor(asked.config, asked.target, environment), (worker) =>
    worker.check(asked.settings, { deadline: Date.now() + CHECK_MS }),
  );
}

async function askOnce<Answer>(
  worker: CommandedWorker,
  ask: (worker: CommandedWorker) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(worker);
  } finally {
    worker.close();
  }
}

const isRefused = (reply: WorkerReply): boolean => 'refusal' in reply && !('sources' in reply);
const isSnapshot = (reply: WorkerReply): reply is SnapshotAnswer => 'snapshot' in reply || isRefused(reply);
const isEnd = (reply: WorkerReply): reply is EndAnswer => 'endings' in reply || isRefused(reply);
const isLimit = (reply: WorkerReply): reply is LimitAnswer => 'limit' in reply || isRefused(reply);
const isCheck = (reply: WorkerReply): reply is CheckAnswer => 'sources' in reply;

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { AnswerToQuestion } from '../../functions/core/ports/stores/approvals.ts';
import type { QuestionKey } from '../../functions/core/record/approval.ts';
import type { LinkPlaces } from '../../functions/core/messages/form/places.ts';
import { answerQuestion, type Answered } from '../../functions/incident/answer-question.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import type { ControlName } from '../../lib/house/control-names.ts';
import { namesOf } from '../../lib/house/names.ts';
import { createCourier } from '../delivery/courier.ts';
import { channelsOf, type DeliverySettings } from '../delivery/deliver.ts';
import { startTopic, type HandNotice, type LocalTopic } from '../delivery/topic.ts';
import type { Endpoints } from '../lambda/function-environment.ts';
import type { FunctionSpec } from '../lambda/function-spec.ts';
import { createFunctionRegistry, type FunctionAccess, type FunctionRegistry } from '../lambda/function-registry.ts';
import { createClosers, type Closers } from '../machine/closers.ts';
import { startKeeper } from '../machine/keeper.ts';
import type { EndStatus, OnProgress } from '../machine/progress.ts';
import { writeOwner } from '../records/owner.ts';
import { startRecords, type Records } from '../records/records.ts';
import { startSweeper } from '../records/sweeper.ts';
import type { AlarmState } from '../stand-ins/cloudwatch-operations.ts';
import { startHttpApi } from '../stand-ins/http-api.ts';
import type { InvokeFunction } from '../stand-ins/lambda-operations.ts';
import type { Assembly } from '../synthesis/cloud-assembly.ts';
import { synthesize } from '../synthesis/synthesis.ts';
import { callFunction } from './call-function.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { createRules } from './rules.ts';
import { workerAccessOf } from './worker-access.ts';

export interface RuntimeOptions {
  /** Its targets with auth mode `url` are run. */
  readonly config: HeadroomConfig;
  /** Where the variables that the targets name are looked up. Nothing else of it reaches a function. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where incidents are kept; null forgets them with the runtime. */
  readonly recordsFolder: string | null;
  /** Whether it runs until it is stopped, so that other processes on this machine may hand it alarms. */
  readonly isWatch?: boolean;
  /** How notices reach a person. They are reported in any case. */
  readonly notify?: DeliverySettings;
  /** The page of this run, which messages link to. */
  readonly pageUrl?: string;
  readonly onProgress: OnProgress;
}

/** The synthesized workflow with all it needs, on this machine. */
export interface LocalRuntime {
  /** Hands dispatch an alarm event of the target. Returns dispatch's answer; throws FunctionFailed. */
  dispatch(targetId: string, event: unknown): Promise<unknown>;
  /** What the tick asks for in AWS. Returns reconcile's answer; throws FunctionFailed. */
  reconcile(targetId: string): Promise<unknown>;
  /** What the tick asks for each minute in AWS, of one sample. Returns the sampler's answer; throws FunctionFailed. */
  sample(targetId: string): Promise<unknown>;
  /** What the tick asks for in AWS when notices came too many at once. Throws FunctionFailed. */
  tellGathered(): Promise<void>;
  /** Returns the function's answer; throws FunctionFailed. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** `at` is epoch milliseconds. */
  setAlarm(name: string, state: AlarmState, at: number, reason: string): void;
  /**
   * Resolves when the workflow of an incident has ended, what AWS does about its end is done, and every notice so far
   * was delivered or has failed. Throws when the incident has no workflow in this runtime.
   */
  executionEnded(incidentId: string): Promise<{ readonly status: EndStatus; readonly error: string | null }>;
  /** Resolves when every notice so far was delivered or given up. */
  noticesDelivered(): Promise<void>;
  /** Aborts the workflow of an incident; `executionEnded` then resolves when that is done. */
  stopExecution(incidentId: string, cause: string): void;
  /** Records a person's answer to a question and wakes the workflow, as the page does in AWS. */
  answer(key: QuestionKey, answer: AnswerToQuestion): Promise<Answered>;
  readonly store: IncidentStore;
  readonly functions: Pick<FunctionRegistry, 'names' | 'get'>;
  /** Where the stand-ins of AWS listen, for whoever has the key of this run. */
  readonly endpoints: Endpoints;
  /** Ends every process, closes every port, removes every temporary folder. */
  stop(): Promise<void>;
}

/** Throws RecordsInUse when another process has the records folder open. Whatever fails, nothing is left running. */
export async function startRuntime(options: RuntimeOptions): Promise<LocalRuntime> {
  const closers = createClosers();
  try {
    return await start(options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function start(options: RuntimeOptions, closers: Closers): Promise<LocalRuntime> {
  const { config, environment, onProgress } = options;
  const names = namesOf(config.installation.prefix);
  const targets = config.targets.filter(({ auth }) => auth.mode === 'url');
  const access = new Map<string, FunctionAccess>(
    targets.map((target) => [names.worker(target.id), workerAccessOf(config, target, environment)]),
  );
  const assembly = await synthesize(config);
  const keeper = startKeeper();
  closers.add(() => keeper.stop());
  const folder = await mkdtemp(join(tmpdir(), 'headroom-run-'));
  keeper.guardFolder(folder);

  const { records, topic } = await startStores(assembly, options, closers);
  // In AWS the stack of each target does it.
  for (const target of targets) {
    await records.store.targets.register(toTargetSettings(config, target), OWNER, Date.now());
  }
  const invoke: InvokeFunction = (name, event) => functions.invoke(name, event);
  const onBrokenOff = async (event: object): Promise<void> => {
    await rules
      .trigger(names.workflowEndedRule, event)
      .catch((error: unknown) =>
        onProgress({ kind: 'refused', at: Date.now(), operation: names.workflowEndedRule, detail: String(error) }),
      );
  };
  const functionNames = () => assembly.functions.map(({ name }) => name);
  const plane = await startControlPlane({ assembly, invoke, functionNames, onBrokenOff, onProgress }, closers);
  const asksAtPage = assembly.functions.some(({ name }) => name === names.control('decide'));
  if (asksAtPage) {
    const page = await startHttpApi(names.control('decide'), invoke);
    closers.add(() => page.stop());
    access.set(names.control('ask'), { environment: { HEADROOM_PAGE_URL: `${page.url}/` }, reachable: [] });
  }
  const endpoints: Endpoints = { dynamodb: records.url, sns: topic.url, aws: plane.url };
  const specs = linkedFrom(assembly.functions, { page: options.pageUrl, runbook: options.notify?.runbook });
  const functions = await createFunctionRegistry({ specs, endpoints, access, folder, keeper, onProgress });
  closers.add(() => functions.stop());
  closers.add(() => plane.stopExecutions());
  const rules = createRules(assembly, functions);
  if (options.isWatch === true && options.recordsFolder !== null) {
    const watch = { url: plane.url, targets: targets.map(({ id }) => id) };
    await writeOwner(options.recordsFolder, { url: records.url, isLasting: true, watch });
  }
  return runtimeOf({ config, targets, records, topic, plane, functions, endpoints, closers });
}

/** The template's links lead to AWS, where nothing of this run is. */
function linkedFrom(specs: readonly FunctionSpec[], places: LinkPlaces): FunctionSpec[] {
  const variable = { HEADROOM_LINKS: JSON.stringify(places) };
  return specs.map((spec) => ({ ...spec, environment: { ...spec.environment, ...variable } }));
}

/** Whose the targets of a run are in its records. */
const OWNER = 'this machine';

interface Parts {
  readonly config: HeadroomConfig;
  readonly targets: readonly Target[];
  readonly records: Records;
  readonly topic: LocalTopic;
  readonly plane: ControlPlane;
  readonly functions: FunctionRegistry;
  readonly endpoints: Endpoints;
  readonly closers: Closers;
}

function runtimeOf({ config, targets, records, topic, plane, functions, endpoints, closers }: Parts): LocalRuntime {
  const names = namesOf(config.installation.prefix);
  const { store } = records;
  const { machine, alarms, workflow } = plane;
  const ask = async (name: ControlName, targetId: string, request: object): Promise<unknown> => {
    if (targets.some(({ id }) => id === targetId)) {
      return callFunction(functions, names.control(name), { schema: SCHEMA, target: targetId, ...request });
    }
    throw new Error(
      `no target "${targetId}" with auth mode "url"; there are ${targets.map(({ id }) => id).join(', ')}`,
    );
  };
  return {
    store,
    functions,
    endpoints,
    invoke: (name, payload) => callFunction(functions, name, payload),
    answer: (key, answer) => answerQuestion(key, answer, { store, workflow }),
    setAlarm: (name, state, at, reason) => alarms.set(name, state, at, reason),
    dispatch: (id, event) => ask('dispatch', id, { event }),
    sample: (id) => ask('sample', id, { kind: 'sample', samples: 1 }),
    reconcile: (id) => ask('reconcile', id, {}),
    async tellGathered() {
      if (!(await store.gathered.isWaiting())) return;
      await callFunction(functions, names.control('notify'), { schema: SCHEMA, kind: 'gathered' });
    },
    noticesDelivered: () => topic.settled(),
    stopExecution: (incidentId, cause) => void machine.stop(incidentId, null, cause),
    async executionEnded(incidentId) {
      const execution = await machine.ended(incidentId);
      if (execution.status === 'RUNNING') throw new Error(`execution ${incidentId} has ended but is running`);
      await topic.settled();
      return { status: execution.status, error: execution.error };
    },
    stop: () => closers.close(),
  };
}

async function startStores(assembly: Assembly, options: RuntimeOptions, closers: Closers) {
  const records = await startRecords(assembly.table, options.recordsFolder, true);
  closers.add(() => records.stop());
  const sweeper = startSweeper(records.url, assembly.table);
  closers.add(() => sweeper.stop());
  const topic = await startTopic(assembly.topicName, deliverAndReport(options));
  closers.add(() => topic.stop());
  return { records, topic };
}

/** Every notice is reported with how its delivery went, also where no channel is configured. */
function deliverAndReport({ notify = {}, onProgress }: RuntimeOptions): HandNotice {
  const channels = channelsOf(notify);
  const courier = createCourier(channels);
  return async (notice) => {
    const detail = await courier.deliver(notice).then(() => '', errorWords);
    const delivery = channels.length === 0 ? 'none' : detail === '' ? 'delivered' : 'failed';
    const { subject, body, attributes } = notice;
    onProgress({ kind: 'notification', at: Date.now(), subject, body, attributes, delivery, detail });
    return detail;
  };
}

import { SFNClient } from '@aws-sdk/client-sfn';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkflowClient } from '../../functions/aws/clients/workflow-client.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { AnswerToQuestion } from '../../functions/core/ports/stores/approvals.ts';
import type { QuestionKey } from '../../functions/core/record/approval.ts';
import { answerQuestion, type Answered } from '../../functions/incident/answer-question.ts';
import { toTargetSettings, type HeadroomConfig, type Target } from '../../lib/config/config.ts';
import { namesOf } from '../../lib/house/names.ts';
import type { Endpoints } from '../lambda/function-environment.ts';
import { createFunctionRegistry, type FunctionAccess, type FunctionRegistry } from '../lambda/function-registry.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { createClosers, type Closers } from '../machine/closers.ts';
import { startKeeper } from '../machine/keeper.ts';
import type { EndStatus, OnProgress } from '../machine/progress.ts';
import { handOn, type DeliverySettings } from '../notices/delivery.ts';
import { startTopic } from '../notices/topic.ts';
import { startRecords } from '../records/records.ts';
import { startSweeper } from '../records/sweeper.ts';
import { startAwsEndpoint } from '../stand-ins/aws-endpoint.ts';
import { createAlarms, type AlarmState } from '../stand-ins/cloudwatch-operations.ts';
import { startHttpApi } from '../stand-ins/http-api.ts';
import { stepFunctionsOperations } from '../stand-ins/step-functions-operations.ts';
import { synthesize } from '../synthesis/synthesis.ts';
import { createStateMachine, type LocalStateMachine } from '../workflow/state-machine.ts';
import { statusEvent } from '../workflow/status-event.ts';
import { workerAccessOf } from './worker-access.ts';

export interface RuntimeOptions {
  /** Its targets with auth mode `url` are run. */
  readonly config: HeadroomConfig;
  /** Where the variables that the targets name are looked up. Nothing else of it reaches a function. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where incidents are kept; null forgets them with the runtime. */
  readonly recordsFolder: string | null;
  /** How notices reach a person, beside their being reported. */
  readonly notify?: DeliverySettings;
  readonly onProgress: OnProgress;
}

/** The synthesized workflow with all it needs, on this machine. */
export interface LocalRuntime {
  /**
   * Does what the target's alarm rule does with an event: sends dispatch what the rule's template makes of it. Returns
   * dispatch's answer; throws FunctionFailed.
   */
  dispatch(targetId: string, event: unknown): Promise<unknown>;
  /** What the target's rule does each minute in AWS. Returns reconcile's answer; throws FunctionFailed. */
  reconcile(targetId: string): Promise<unknown>;
  /** What the target's rule does each minute in AWS, with one sample in the call. Returns the sampler's answer; throws FunctionFailed. */
  sample(targetId: string): Promise<unknown>;
  /** Returns the function's answer; throws FunctionFailed. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  /** `at` is epoch milliseconds. */
  setAlarm(name: string, state: AlarmState, at: number, reason: string): void;
  /**
   * Resolves when the workflow of an incident has ended, what AWS does about its end is done, and every notice so far was
   * delivered or given up. Throws when the incident has no workflow in this runtime.
   */
  executionEnded(incidentId: string): Promise<{ readonly status: EndStatus; readonly error: string | null }>;
  /** Aborts the workflow of an incident; `executionEnded` then tells when that is done. */
  stopExecution(incidentId: string, cause: string): void;
  /** Records a person's answer to a question and wakes the workflow, as the page does in AWS. */
  answer(key: QuestionKey, answer: AnswerToQuestion): Promise<Answered>;
  readonly store: IncidentStore;
  readonly functions: Pick<FunctionRegistry, 'names' | 'get'>;
  /** Ends every process, closes every port, removes every temporary folder. */
  stop(): Promise<void>;
}

/** A function answered with an error, or could not be invoked. */
export class FunctionFailed extends Error {
  readonly errorType: string;
  constructor(functionName: string, errorType: string, errorMessage: string) {
    super(`${functionName} failed: ${errorType}: ${errorMessage}`);
    this.name = 'FunctionFailed';
    this.errorType = errorType;
  }
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
  const { config, onProgress } = options;
  const names = namesOf(config.installation.prefix);
  const targets = new Map(
    config.targets.filter(({ auth }) => auth.mode === 'url').map((target) => [target.id, target]),
  );
  const access = new Map<string, FunctionAccess>(
    [...targets.values()].map((target) => [
      names.worker(target.id),
      workerAccessOf(config, target, options.environment),
    ]),
  );
  const assembly = await synthesize(config);
  const keeper = startKeeper();
  closers.add(() => keeper.stop());
  const folder = await mkdtemp(join(tmpdir(), 'headroom-run-'));
  keeper.guardFolder(folder);

  const records = await startRecords(assembly.table, options.recordsFolder);
  closers.add(() => records.stop());
  const sweeper = startSweeper(records.url, assembly.table);
  closers.add(() => sweeper.stop());
  const topic = await startTopic(assembly.topicName, (notice) => handOn(notice, options.notify ?? {}, onProgress));
  closers.add(() => topic.stop());

  let isStopping = false;
  const alarms = createAlarms(assembly.alarms);
  const machine: LocalStateMachine = createStateMachine({
    ...assembly.stateMachine,
    invoke: async (arn, event) => {
      const result = await registry.invoke(arn.slice(arn.lastIndexOf(':') + 1), event);
      if (result === null) throw new Error(`the workflow invokes ${arn}, which no stack has`);
      return result;
    },
    onEnded: async (execution) => {
      if (execution.status === 'SUCCEEDED' || isStopping) return;
      await triggerRule(names.workflowEndedRule, statusEvent(execution, machine.arn)).catch((error: unknown) =>
        onProgress({ kind: 'refused', at: Date.now(), operation: names.workflowEndedRule, detail: String(error) }),
      );
    },
    onProgress,
  });
  const aws = await startAwsEndpoint({
    invoke: (name, event) => registry.invoke(name, event),
    stepFunctions: stepFunctionsOperations(machine),
    cloudWatch: alarms.operations,
    onProgress,
  });
  closers.add(() => aws.stop());
  const sfn = new SFNClient(localClientConfig(aws.url));
  closers.add(() => Promise.resolve(sfn.destroy()));
  const workflow = createWorkflowClient({ client: sfn, stateMachineArn: machine.arn });
  const asksAtPage = assembly.functions.some(({ name }) => name === names.control('decide'));
  if (asksAtPage) {
    const page = await startHttpApi(names.control('decide'), (name, event) => registry.invoke(name, event));
    closers.add(() => page.stop());
    access.set(names.control('ask'), { environment: { HEADROOM_PAGE_URL: `${page.url}/` }, reachable: [] });
  }
  const endpoints: Endpoints = { dynamodb: records.url, sns: topic.url, aws: aws.url };
  const registry = await createFunctionRegistry({
    specs: assembly.functions,
    endpoints,
    access,
    folder,
    keeper,
    onProgress,
  });
  closers.add(() => registry.stop());
  closers.add(() => {
    isStopping = true;
    return machine.stopAll();
  });

  const invoke = async (functionName: string, payload: unknown): Promise<unknown> => {
    const result = await registry.invoke(functionName, JSON.stringify(payload));
    if (result === null) throw new FunctionFailed(functionName, 'ResourceNotFoundException', 'no stack has it');
    if (result.kind === 'throttled')
      throw new FunctionFailed(functionName, 'TooManyRequestsException', 'Rate Exceeded.');
    if (result.kind === 'answered') return JSON.parse(result.payload) as unknown;
    throw new FunctionFailed(functionName, result.error.errorType, result.error.errorMessage);
  };
  const triggerRule = async (ruleName: string, event: unknown, target?: Target, changed = {}): Promise<unknown> => {
    const rule = assembly.rules.get(ruleName);
    if (rule === undefined) throw new Error(`no stack has the rule ${ruleName}`);
    const payload = rule.toPayload(event);
    return invoke(
      rule.functionName,
      target === undefined ? payload : { ...withOwnSettings(payload, config, target), ...changed },
    );
  };
  const find = (targetId: string): Target => {
    const target = targets.get(targetId);
    if (target !== undefined) return target;
    throw new Error(`no target "${targetId}" with auth mode "url"; there are ${[...targets.keys()].join(', ')}`);
  };

  return {
    store: records.store,
    functions: registry,
    invoke,
    answer: (key, answer) => answerQuestion(key, answer, { store: records.store, workflow }),
    setAlarm: (name, state, at, reason) => alarms.set(name, state, at, reason),
    dispatch: async (targetId, event) => triggerRule(names.alarmRule(targetId), event, find(targetId)),
    sample: async (targetId) => triggerRule(names.sampleRule(targetId), null, find(targetId), { samples: 1 }),
    reconcile: async (targetId) => triggerRule(names.minuteRule(targetId), null, find(targetId)),
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

/** Settings of a target as it is configured, in the place of those it was synthesized with; see `toSynthesizedConfig`. */
function withOwnSettings(payload: unknown, config: HeadroomConfig, target: Target): object {
  if (typeof payload !== 'object' || payload === null || !('target' in payload)) {
    throw new Error(`the rule of target ${target.id} does not pass the target's settings on`);
  }
  return { ...payload, target: toTargetSettings(config, target) };
}

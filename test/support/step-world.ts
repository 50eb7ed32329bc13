import { createIncidentStore } from '../../functions/aws/incident-store/store.ts';
import type { IncidentEvent } from '../../functions/core/events/incident-event.ts';
import type { Message } from '../../functions/core/messages/message.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { EventBus, Notifier } from '../../functions/core/ports/outside.ts';
import type { ExecutionStatus } from '../../functions/core/ports/workflow-client.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { DispatchResult } from '../../functions/core/protocol/steps.ts';
import type {
  CheckAnswer,
  Ending,
  EndingResult,
  EndRequest,
  LimitAnswer,
  LimitOutcome,
  LimitRequest,
  SampleRequest,
  WorkerRefused,
} from '../../functions/core/protocol/worker.ts';
import type { AlarmSighting } from '../../functions/core/record/incident.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import type { Sample, Snapshot } from '../../functions/core/server/snapshot.ts';
import { QUARTER_MS, quarterOf, type QuarterConsumer } from '../../functions/core/usual/profile.ts';
import { dispatch } from '../../functions/dispatch/dispatch.ts';
import { startLocalTable, type LocalTable } from '../functions/aws/incident-store/local-table.ts';

type LimitOrder = Omit<LimitRequest, 'schema' | 'kind'>;

const ADMISSION = { way: 'first-try', reserved: true, attempts: 1, refusedAsFull: 0, waitedMs: 3 } as const;

/**
 * Everything around a step: a real local incident table, and at the other ports what a test says. Time stands still
 * unless a test moves it; sleeping moves it.
 */
export class StepWorld {
  at = Date.UTC(2026, 0, 1);
  readonly executions = new Map<string, ExecutionStatus>();
  readonly starts: string[] = [];
  activeAlarms: AlarmSighting[] = [];
  readonly published: Message[] = [];
  topicFails = false;
  /** Answers to snapshots, in turn; the last one stays. */
  snapshots: (Snapshot | WorkerRefused)[] = [];
  samples: (Sample | WorkerRefused | Error)[] = [];
  readonly sampleRequests: Omit<SampleRequest, 'schema' | 'kind'>[] = [];
  /** What the sampler published, and what it handed to dispatch. */
  readonly emitted: StoredSample[] = [];
  readonly dispatched: unknown[] = [];
  dispatchFails = false;
  /** What the worker answers to a check. */
  checked: CheckAnswer | Error | null = null;
  readonly ends: Omit<EndRequest, 'schema' | 'kind'>[] = [];
  /** What becomes of a victim; throws what it is told to. */
  onEnd: (id: number) => EndingResult = () => 'ended';
  /** What the server says to each refusal. */
  refusal = '';
  readonly store: IncidentStore;
  /** Of the installation. */
  readonly prefix = 'headroom';
  /** Whether the page shows reports. */
  showsReports = true;
  readonly #table: LocalTable;

  private constructor(table: LocalTable) {
    this.#table = table;
    this.store = createIncidentStore({ client: table.client, table: table.table, now: () => this.at });
  }

  static async create(): Promise<StepWorld> {
    return new StepWorld(await startLocalTable());
  }

  stop(): Promise<void> {
    return this.#table.stop();
  }

  /** As the target's stack does. */
  register(target: TargetSettings): Promise<void> {
    return this.store.targets.register(target, 'a stack', this.at);
  }

  /** Opens an incident of a target straight in the store, past dispatch. `usual`: the only consumers that are. */
  async openIncident(target: TargetSettings, usual: readonly QuarterConsumer[] = []): Promise<string> {
    const id = `${target.id}-incident`;
    const alarm = { alarm: target.alarms[0] ?? '', at: this.at, reason: '' };
    await this.store.incidents.open({ id, target, alarm, at: this.at, leaseUntil: this.at + 60_000 });
    await this.know(target.id, usual);
    return id;
  }

  /** A profile in which nobody is usual on the target: every session of a test is more than that. */
  knowNobody(targetId: string): Promise<void> {
    return this.know(targetId, []);
  }

  /** A profile of the target in which these consumers are usual, and nobody else is. */
  async know(targetId: string, consumers: readonly QuarterConsumer[]): Promise<void> {
    for (let ago = 2; ago < 8; ago++) {
      const at = quarterOf(this.at) - ago * QUARTER_MS;
      await this.store.profiles.put(targetId, { at, samples: 15, consumers, rest: { consumers: 0, most: 0 } });
    }
  }

  readonly now = (): number => this.at;
  readonly sleep = (ms: number): Promise<void> => {
    this.at += ms;
    return Promise.resolve();
  };

  /** Tokens of the states that were woken. */
  readonly resumed: string[] = [];
  resumeFails = false;
  readonly workflow = {
    resume: (taskToken: string): Promise<void> => {
      if (this.resumeFails) return Promise.reject(new Error('Step Functions is down'));
      this.resumed.push(taskToken);
      return Promise.resolve();
    },
    start: (incidentId: string): Promise<void> => {
      this.starts.push(incidentId);
      if (!this.executions.has(incidentId)) this.executions.set(incidentId, 'running');
      return Promise.resolve();
    },
    status: (incidentId: string) =>
      Promise.resolve({ status: this.executions.get(incidentId) ?? 'absent', detail: 'as told' }),
  };

  readonly alarms = {
    active: (): Promise<AlarmSighting[]> => Promise.resolve(this.activeAlarms),
    activeUnder: (): Promise<AlarmSighting[]> => Promise.resolve(this.activeAlarms),
  };

  changes: string[] = [];
  freeMemoryBytes: number | null = null;
  masterUser: string | null = null;
  /** By the metric of RDS. */
  connections: { readonly at: number; readonly used: number }[] | Error = [];
  readonly surroundings = {
    masterUser: (): Promise<string | null> => Promise.resolve(this.masterUser),
    changes: (): Promise<string[]> => Promise.resolve(this.changes),
    connections: (): Promise<{ at: number; used: number }[]> => {
      if (this.connections instanceof Error) return Promise.reject(this.connections);
      return Promise.resolve(this.connections);
    },
    freeMemory: (): Promise<number | null> => Promise.resolve(this.freeMemoryBytes),
  };

  readonly notifier: Notifier = {
    publish: (message) => {
      if (this.topicFails) return Promise.reject(new Error('the topic is down'));
      this.published.push(message);
      return Promise.resolve('published');
    },
  };

  /** The bus: every event it was given, and what it refuses. */
  readonly announced: IncidentEvent[] = [];
  onPut: (event: IncidentEvent) => string = () => '';
  events: EventBus | null = {
    origin: {
      installation: 'headroom',
      stateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:headroom-workflow',
    },
    mostAtOnce: 10,
    put: (events) => {
      this.announced.push(...events);
      const refused = events.map((event) => [event.changeId, this.onPut(event)] as const);
      return Promise.resolve(new Map(refused.filter(([, error]) => error !== '')));
    },
  };

  /** What was asked of other functions. */
  readonly called: unknown[] = [];
  readonly functions = {
    call: (name: string, request: object): Promise<void> => {
      this.called.push({ name, ...request });
      return Promise.resolve();
    },
  };

  readonly metrics = { emit: (_: string, sample: StoredSample) => void this.emitted.push(sample) };

  /** The dispatch step itself, as its function would run it. */
  readonly dispatcher = {
    dispatch: (target: string, event: unknown): Promise<DispatchResult> => {
      if (this.dispatchFails) return Promise.reject(new Error('dispatch is down'));
      this.dispatched.push(event);
      return dispatch({ schema: SCHEMA, target, event }, this);
    },
  };

  /** Limits of users on the pretended server; absent: there is no such user. */
  readonly limits = new Map<string, number | null>();
  readonly limitRequests: { readonly kind: 'limit' | 'lift'; readonly user: string; readonly deadline: number }[] = [];
  /** Throws, or answers in the server's place, when a test says so. */
  onLimit: (request: LimitOrder) => LimitAnswer | null = () => null;

  readonly #limit = (kind: 'limit' | 'lift', request: LimitOrder): Promise<LimitAnswer> => {
    this.limitRequests.push({ kind, user: request.user, deadline: request.deadline });
    const instead = this.onLimit(request);
    return Promise.resolve(
      instead ?? { schema: 1, ok: true, admission: ADMISSION, limit: this.setLimit(kind, request) },
    );
  };

  /** As the engines do: compares and sets. */
  setLimit(kind: 'limit' | 'lift', { user, limit, before }: LimitOrder): LimitOutcome {
    const [from, to] = kind === 'limit' ? [before, limit] : [limit, before];
    const current = this.limits.get(user);
    if (current === undefined) return { result: 'gone', current: null, detail: '' };
    if (current === to) return { result: 'already', current, detail: '' };
    if (current !== from) return { result: 'changed', current, detail: '' };
    this.limits.set(user, to);
    return { result: 'done', current: to, detail: '' };
  }

  readonly worker = {
    limit: (_: unknown, request: LimitOrder) => this.#limit('limit', request),
    lift: (_: unknown, request: LimitOrder) => this.#limit('lift', request),
    snapshot: () => {
      const next = this.snapshots.length > 1 ? this.snapshots.shift() : this.snapshots[0];
      if (!next) throw new Error('this test has no snapshot left');
      if ('ok' in next) return Promise.resolve(next);
      const snapshot = { ...next, at: next.at === 0 ? this.at : next.at };
      return Promise.resolve({ schema: 1, ok: true, admission: ADMISSION, snapshot } as const);
    },
    sample: (_: unknown, request: Omit<SampleRequest, 'schema' | 'kind'>) => {
      this.sampleRequests.push(request);
      const next = this.samples.length > 1 ? this.samples.shift() : this.samples[0];
      if (!next) throw new Error('this test has no sample left');
      if (next instanceof Error) return Promise.reject(next);
      return Promise.resolve(
        'ok' in next ? next : ({ schema: 1, ok: true, admission: ADMISSION, sample: next } as const),
      );
    },
    check: () => {
      if (!this.checked) throw new Error('this test has no check');
      return this.checked instanceof Error ? Promise.reject(this.checked) : Promise.resolve(this.checked);
    },
    end: (_: unknown, request: Omit<EndRequest, 'schema' | 'kind'>) => {
      this.ends.push(request);
      const endings = request.victims
        .map(({ identity }): Ending => ({
          identity,
          result: this.onEnd(identity.id),
          detail: '',
        }))
        .map((ending) => (ending.result === 'refused' ? { ...ending, detail: this.refusal } : ending));
      return Promise.resolve({ schema: 1, ok: true, admission: ADMISSION, endings } as const);
    },
  };
}

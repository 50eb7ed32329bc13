import * as z from 'zod/mini';
import { BadRequest, SchemaMismatch } from '../core/protocol/errors.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import {
  workerRequest,
  type CheckAnswer,
  type CheckRequest,
  type EndAnswer,
  type EndRequest,
  type LiftRequest,
  type LimitAnswer,
  type LimitRequest,
  type SampleAnswer,
  type SampleRequest,
  type SnapshotAnswer,
  type SnapshotRequest,
  type WorkerRefused,
  type WorkerRequest,
} from '../core/protocol/worker.ts';
import type { Refusal } from '../core/server/snapshot.ts';
import { engineEntry } from '../engines/registry.ts';
import { ConnectionLost, Refused } from '../engines/shared/engine.ts';
import { enter, type Door, type Entry } from './admission.ts';
import { examine, sourcesOf } from './check.ts';
import { loginsOf, type Surroundings } from './logins.ts';
import { countHalfOpen, knockAsCanary } from './canary.ts';

export type WorkerReply = SampleAnswer | SnapshotAnswer | EndAnswer | LimitAnswer | CheckAnswer;

export interface Worker {
  /**
   * Answers one request; requests wait for each other. Throws SchemaMismatch and BadRequest for payloads it does not
   * understand, and whatever went wrong in the worker itself; a database that refuses is an answer.
   */
  answer(payload: unknown): Promise<WorkerReply>;
  /** Lets the kept session go. */
  close(): void;
}

/** Samples must never stand in a diagnosis' way. */
const SAMPLE_MS = 5_000;
const SNAPSHOT_QUERY_MS = 10_000;
/** How long an order to change something may try to get in again, when the session of the diagnosis is gone. */
const CHANGE_PATIENCE_MS = 5_000;
/** A check looks at the door as it is, with a little patience for a slot that is just changing hands. */
const CHECK_PATIENCE_MS = 2_000;
const CHECK_MS = 20_000;

/** Throws, naming the field, when the settings cannot work. Connects to nothing yet. */
export async function createWorker(settings: WorkerSettings, surroundings: Surroundings): Promise<Worker> {
  const entry = engineEntry(settings.engine);
  const logins = loginsOf(settings, entry.url, surroundings);
  const door: Door = { engine: await entry.load(), logins, kept: null };
  const options = { instance: settings.instance, statements: settings.statements };
  const sources = sourcesOf(settings);
  let last: Promise<unknown> = Promise.resolve();

  const letGo = (): void => {
    door.kept?.close();
    door.kept = null;
  };

  const respond = async (request: WorkerRequest): Promise<WorkerReply> => {
    if (Date.now() >= request.deadline) return { ...tooLate(), sources };
    switch (request.kind) {
      case 'sample':
        return sample(request);
      case 'snapshot':
        return snapshot(request);
      case 'end':
        return end(request);
      case 'limit':
      case 'lift':
        return limit(request);
      case 'check':
        return check(request);
    }
  };

  /** With one retry: a kept session may fail at its first real query, and looking twice does no harm. */
  const looking = async <T>(request: WorkerRequest, patienceMs: number, look: (entry: Inside) => Promise<T>) => {
    for (let attempt = 1; ; attempt++) {
      const entry = await enter(door, options, patienceMs, request.deadline);
      if (!entry.ok) return refused(entry);
      try {
        return await look(entry);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        if (attempt === 1) continue;
        const { code, message } = error;
        return refused({ refusal: { kind: 'network', code, message }, attempts: attempt, waitedMs: 0 });
      }
    }
  };

  const sample = async (request: SampleRequest): Promise<SampleAnswer> => {
    const until = Math.min(request.deadline, Date.now() + SAMPLE_MS);
    const left = () => Math.max(1, until - Date.now());
    return looking({ ...request, deadline: until }, 0, async ({ session, admission }) => {
      const seen = await session.sample(left());
      const canary = await knockAsCanary(door.engine, logins, left());
      const halfOpen = await countHalfOpen(seen, canary, () => session.sample(left()));
      return { schema: SCHEMA, ok: true, admission, sample: { ...seen, canary, halfOpen } };
    });
  };

  const snapshot = (request: SnapshotRequest): Promise<SnapshotAnswer> =>
    looking(request, request.patienceMs, async ({ session, admission }) => {
      const left = () => Math.max(1, Math.min(SNAPSHOT_QUERY_MS, request.deadline - Date.now()));
      const seen = await session.snapshot(left());
      const canary = await knockAsCanary(door.engine, logins, left());
      const halfOpen = await countHalfOpen(seen, canary, () => session.sample(left()));
      return { schema: SCHEMA, ok: true, admission, snapshot: { ...seen, canary, halfOpen } };
    });

  const check = async (request: CheckRequest): Promise<CheckAnswer> => {
    const deadline = Math.min(request.deadline, Date.now() + CHECK_MS);
    const answer = await looking({ ...request, deadline }, CHECK_PATIENCE_MS, async ({ session, admission }) => {
      const found = await examine(session, door.engine, logins, deadline);
      return { schema: SCHEMA, ok: true as const, admission, ...found };
    });
    // MySQL and MariaDB give a session the rights its login had when it came. What lacks one makes way for what may have it.
    if (answer.ok && answer.check.trials.some(({ result }) => result === 'denied')) letGo();
    return { ...answer, sources };
  };

  /** Once: what fails in the middle may have been done, and is never repeated from here. */
  const changing = async <T>(request: WorkerRequest, change: (entry: Inside) => Promise<T>) => {
    const patienceMs = Math.min(CHANGE_PATIENCE_MS, (request.deadline - Date.now()) / 2);
    const entry = await enter(door, options, patienceMs, request.deadline);
    if (!entry.ok) return refused(entry);
    try {
      return await change(entry);
    } catch (error) {
      if (error instanceof Refused) return refused({ refusal: error.refusal, attempts: 1, waitedMs: 0 });
      throw error;
    }
  };

  const end = (request: EndRequest): Promise<EndAnswer> =>
    changing(request, async ({ session, admission }) => {
      return { schema: SCHEMA, ok: true, admission, endings: await session.end(request) };
    });

  const limit = (request: LimitRequest | LiftRequest): Promise<LimitAnswer> =>
    changing(request, async ({ session, admission }) => {
      const { kind, user, limit, before, deadline } = request;
      const [from, to] = kind === 'limit' ? [before, limit] : [limit, before];
      return { schema: SCHEMA, ok: true, admission, limit: await session.limitUser({ user, from, to, deadline }) };
    });

  return {
    async answer(payload) {
      const request = parseRequest(payload);
      const turn = last.then(() => respond(request));
      last = turn.catch(() => undefined);
      return turn;
    },
    close: letGo,
  };
}

type Inside = Extract<Entry, { ok: true }>;

function parseRequest(payload: unknown): WorkerRequest {
  const version = z.object({ schema: z.unknown() }).safeParse(payload);
  if (version.data?.schema !== SCHEMA) throw new SchemaMismatch(version.data?.schema, SCHEMA);
  const request = workerRequest.safeParse(payload);
  if (!request.success) throw new BadRequest(`not a request to the worker: ${z.prettifyError(request.error)}`);
  return request.data;
}

function refused({
  refusal,
  attempts,
  waitedMs,
}: {
  refusal: Refusal;
  attempts: number;
  waitedMs: number;
}): WorkerRefused {
  return { schema: SCHEMA, ok: false, refusal, attempts, waitedMs };
}

function tooLate(): WorkerRefused {
  const message = 'the deadline of this request had passed before it could begin';
  return refused({ refusal: { kind: 'too-late', code: '', message }, attempts: 0, waitedMs: 0 });
}

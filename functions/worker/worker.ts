import * as z from 'zod/mini';
import type { LoginSources } from '../core/protocol/check-facts.ts';
import { BadRequest, QueryFailed, SchemaMismatch } from '../core/protocol/errors.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type { WorkerSettings } from '../core/protocol/worker-settings.ts';
import { workerRequest, type WorkerRefused, type WorkerReply, type WorkerRequest } from '../core/protocol/worker.ts';
import { problemsIn } from '../core/protocol/zod-words.ts';
import type { EngineEntry } from '../engines/entry.ts';
import { serverWords } from '../engines/shared/driver-error.ts';
import { answerCheck, answerEnd, answerLimit, answerSample, answerSnapshot } from './answers.ts';
import { sourcesOf } from './check.ts';
import type { Surroundings } from './logins.ts';
import { openServers, type WorkerServer } from './servers.ts';
import { refused } from './with-session.ts';

export interface Worker {
  /**
   * Answers one request; requests to the same server wait for each other. Throws SchemaMismatch and BadRequest for
   * payloads it does not understand, QueryFailed for a statement that the server refused and nothing works without, and
   * whatever went wrong in the worker itself; a database that lets nobody in is an answer.
   */
  answer(payload: unknown): Promise<WorkerReply>;
  /** Lets the kept sessions go. */
  close(): void;
}

/** Throws, naming the field, when the settings cannot work. Connects to nothing yet. */
export async function createWorker(
  settings: WorkerSettings,
  surroundings: Surroundings,
  engine: EngineEntry,
): Promise<Worker> {
  const servers = await openServers(settings, surroundings, engine);
  const sources = sourcesOf(settings);
  return {
    async answer(payload) {
      const request = parseRequest(payload);
      const server = servers.of(request.member);
      return server.inTurn(() => answer(server, sources, request).catch(throwInWords));
    },
    close: () => servers.close(),
  };
}

/** What the server refused is no crash of ours, and whoever reads of it needs the server's own words. */
function throwInWords(error: unknown): never {
  const words = serverWords(error);
  throw words === null ? error : new QueryFailed(words, { cause: error });
}

async function answer(
  { access, guard }: WorkerServer,
  sources: LoginSources,
  request: WorkerRequest,
): Promise<WorkerReply> {
  if (Date.now() >= request.deadline) return { ...tooLate(), sources };
  switch (request.kind) {
    case 'sample':
      return answerSample(access, request);
    case 'snapshot':
      return answerSnapshot(access, request);
    case 'end':
      return answerEnd(access, guard, request);
    case 'limit':
    case 'lift':
      return answerLimit(access, guard, request);
    case 'check':
      return answerCheck(access, sources, request);
  }
}

function parseRequest(payload: unknown): WorkerRequest {
  const version = z.object({ schema: z.unknown() }).safeParse(payload);
  if (version.data?.schema !== SCHEMA) throw new SchemaMismatch(version.data?.schema, SCHEMA);
  const request = workerRequest.safeParse(payload);
  if (!request.success)
    throw new BadRequest(`not a request to the worker: ${problemsIn(request.error, 'payload').join('; ')}`);
  return request.data;
}

function tooLate(): WorkerRefused {
  const message = 'the deadline of this request had passed before it could begin';
  return refused({ refusal: { kind: 'too-late', code: '', message }, attempts: 0, waitedMs: 0 });
}

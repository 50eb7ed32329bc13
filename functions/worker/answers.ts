import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginSources } from '../core/protocol/check-facts.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import type {
  CheckAnswer,
  CheckRequest,
  EndAnswer,
  EndRequest,
  LiftRequest,
  LimitAnswer,
  LimitRequest,
  SampleAnswer,
  SampleRequest,
  SnapshotAnswer,
  SnapshotRequest,
} from '../core/protocol/worker.ts';
import { isUnheld } from '../core/server/consumer-count.ts';
import { timeLeft } from '../engines/shared/within.ts';
import { leave, type Access } from './admission.ts';
import { readAsCanary, withoutCanary } from './canary.ts';
import { runCheck } from './check.ts';
import type { Guard } from './guard.ts';
import { changeWithSession, readWithSession } from './with-session.ts';

/** Samples must never hold up a diagnosis. */
const SAMPLE_MS = 5_000;
/** For the end of a session to reach the server. */
const GOODBYE_MS = 200;
const SNAPSHOT_QUERY_MS = 10_000;
/** A check tries to get in as things are, with a little patience for a slot that is just changing hands. */
const CHECK_PATIENCE_MS = 2_000;
const CHECK_MS = 20_000;

export function answerSample(access: Access, request: SampleRequest): Promise<SampleAnswer> {
  const deadline = Math.min(request.deadline, Date.now() + SAMPLE_MS);
  const left = () => timeLeft(deadline);
  const isRoutine = true;
  return readWithSession(access, { patienceMs: 0, deadline, isRoutine }, async ({ session, admission }) => {
    const counts = await session.sample(left());
    const sample = { ...counts, ...(await readAsCanary(access, session, counts, { left, isRoutine })) };
    if (request.leaveWhenAlone === true && isUnheld(counts.consumers)) {
      leave(access);
      // Lambda stops the process with the answer, and the server must have heard of it by then.
      await sleep(GOODBYE_MS);
    }
    return { schema: SCHEMA, ok: true, admission, sample };
  });
}

export function answerSnapshot(access: Access, request: SnapshotRequest): Promise<SnapshotAnswer> {
  const left = () => Math.min(SNAPSHOT_QUERY_MS, timeLeft(request.deadline));
  const isRoutine = request.routine === true;
  return readWithSession(access, { ...request, isRoutine }, async ({ session, admission }) => {
    const sessions = await session.snapshot(left());
    const asCanary = isRoutine
      ? withoutCanary(sessions)
      : await readAsCanary(access, session, sessions, { left, isRoutine });
    const snapshot = { ...sessions, ...asCanary };
    return { schema: SCHEMA, ok: true, admission, snapshot };
  });
}

export async function answerCheck(access: Access, sources: LoginSources, request: CheckRequest): Promise<CheckAnswer> {
  const deadline = Math.min(request.deadline, Date.now() + CHECK_MS);
  const patience = { patienceMs: CHECK_PATIENCE_MS, deadline, isRoutine: false };
  const answer = await readWithSession(access, patience, async ({ session, admission }) => {
    const found = await runCheck(access, session, deadline);
    return { schema: SCHEMA, ok: true as const, admission, ...found };
  });
  // MySQL and MariaDB give a session the rights that its login has when it logs in. One that lacks a right makes way
  // for one that may have it.
  if (answer.ok && answer.check.trials.some(({ result }) => result === 'denied')) leave(access);
  return { ...answer, sources };
}

export function answerEnd(access: Access, guard: Guard, request: EndRequest): Promise<EndAnswer> {
  return changeWithSession(access, request.deadline, async ({ session, admission }) => {
    const look = () => session.snapshot(Math.min(SNAPSHOT_QUERY_MS, timeLeft(request.deadline)));
    const endings = await guard.end(request, look, (order) => session.end(order));
    return { schema: SCHEMA, ok: true, admission, endings };
  });
}

export function answerLimit(access: Access, guard: Guard, request: LimitRequest | LiftRequest): Promise<LimitAnswer> {
  const { kind, user, limit, before, deadline } = request;
  const [from, to] = kind === 'limit' ? [before, limit] : [limit, before];
  return changeWithSession(access, deadline, async ({ session, admission }) => {
    const refusal = guard.whyNotLimit(request);
    const outcome =
      refusal === null
        ? await session.limitUser({ user, from, to, deadline })
        : ({ result: 'refused', current: null, detail: refusal } as const);
    return { schema: SCHEMA, ok: true, admission, limit: outcome };
  });
}

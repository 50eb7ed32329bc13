import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { overlaps } from '../../core/policy/pause.ts';
import type { IncidentStore } from '../../core/ports/incident-store.ts';
import type { Incident } from '../../core/record/incident.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';
import { finishAct, putRound, readActs, readRounds, readTallies, startAct } from './acts.ts';
import {
  answerQuestion,
  dropTaskToken,
  endQuestion,
  openQuestion,
  readApprovals,
  readAsked,
  readTaskToken,
  useApproval,
} from './approvals.ts';
import { incidentOf } from './table/items.ts';
import { confirmLimit, markReported, noteLimit, readLimits, readSettledLimits, settleLimit } from './limits.ts';
import { holdFence, openIncident, openIncidentOf, releaseLock, takeOverIncident } from './lock.ts';
import { deletePause, putPause, readPauses } from './pauses.ts';
import { acknowledgeRecord, changeRecord, claimRepeat, closeRecord, noteNotice, readIncident } from './record.ts';
import { putSample, readSamples } from './samples.ts';
import { queryAll, type IncidentTable } from './table/table.ts';
import { claimWarning, clearWarning, noteWarningTold, readWarnings } from './warnings.ts';

export interface IncidentStoreOptions {
  readonly client: DynamoDBDocumentClient;
  /** Name of the incident table; `IncidentTable` says what it must look like. */
  readonly table: string;
  /** Epoch milliseconds; for pauses that run out. */
  readonly now?: () => number;
}

/** The incident store on DynamoDB, by single conditional writes. Errors of DynamoDB itself come through unchanged. */
export function createIncidentStore({ client, table: name, now = Date.now }: IncidentStoreOptions): IncidentStore {
  const table: IncidentTable = { client, table: name };
  return {
    open: (candidate) => openIncident(table, candidate),
    takeOver: (candidate, expired) => takeOverIncident(table, candidate, expired),
    incident: (id) => readIncident(table, id),
    openIncidentOf: (targetId) => openIncidentOf(table, targetId),
    holdFence: (incident, leaseUntil) => holdFence(table, incident, leaseUntil),
    change: (id, change, notice) => changeRecord(table, id, change, notice),
    async close(id, end) {
      const closed = await closeRecord(table, id, end);
      await releaseLock(table, closed.target.id, id);
      return closed;
    },
    acknowledge: (id, acknowledgement) => acknowledgeRecord(table, id, acknowledgement),
    claimRepeat: (incident, repeat, at) => claimRepeat(table, incident, repeat, at),
    noticed: (id, attempt) => noteNotice(table, id, attempt),
    putRound: (round) => putRound(table, round),
    rounds: (incidentId) => readRounds(table, incidentId),
    startAct: (targetId, act) => startAct(table, targetId, act),
    finishAct: (targetId, act) => finishAct(table, targetId, act),
    acts: (incidentId) => readActs(table, incidentId),
    tallies: (targetId, since) => readTallies(table, targetId, since),
    openQuestion: (question, secrets) => openQuestion(table, question, secrets),
    approvals: (incidentId) => readApprovals(table, incidentId),
    asked: (key, secretHash) => readAsked(table, key, secretHash),
    answer: (key, answer) => answerQuestion(table, key, answer),
    endQuestion: (key, status, at) => endQuestion(table, key, status, at),
    useApproval: (key, use) => useApproval(table, key, use),
    taskTokenOf: (key) => readTaskToken(table, key),
    taskResumed: (key) => dropTaskToken(table, key),
    noteLimit: (limit) => noteLimit(table, limit),
    confirmLimit: (limit) => confirmLimit(table, limit),
    markLimitReported: (limit, at) => markReported(table, limit, at),
    settleLimit: (limit, end, at, dropped) => settleLimit(table, limit, { end, endedAt: at, dropped: dropped ?? null }),
    limits: (targetId) => readLimits(table, targetId),
    settledLimits: (incidentId) => readSettledLimits(table, incidentId),
    pauses: () => readPauses(table, now()),
    pausesOn: async (targetId) =>
      (await readPauses(table, now())).filter((pause) => overlaps(pause, { targetId, tier: null })),
    pause: (pause) => putPause(table, pause),
    resume: (scope) => deletePause(table, scope, now()),
    putSample: (targetId, sample) => putSample(table, targetId, sample),
    samplesSince: (targetId, since) => readSamples(table, targetId, since),
    warnings: (targetId) => readWarnings(table, targetId),
    claimWarning: (targetId, warning, claim) => claimWarning(table, targetId, warning, claim),
    warningTold: (targetId, name, at) => noteWarningTold(table, targetId, name, at),
    clearWarning: (targetId, name) => clearWarning(table, targetId, name),
    listByTarget: (targetId, limit) => list(table, 'byTarget', 'targetId', targetId, limit),
    listByStatus: (status, limit) => list(table, 'byStatus', 'status', status, limit),
  };
}

/** The store of this function's environment (`HEADROOM_TABLE`), one per process. */
export const incidentStoreFromEnvironment = once((): IncidentStore => {
  const { HEADROOM_TABLE: table } = readEnvironment(['HEADROOM_TABLE']);
  // The SDK waits for ever by default; a call that DynamoDB has not answered in 3 s is better made again.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };
  return createIncidentStore({ client: DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler })), table });
});

async function list(
  table: IncidentTable,
  index: string,
  attribute: string,
  value: string,
  limit: number,
): Promise<Incident[]> {
  const query = {
    IndexName: index,
    KeyConditionExpression: '#attribute = :value',
    ExpressionAttributeNames: { '#attribute': attribute },
    ExpressionAttributeValues: { ':value': value },
    ScanIndexForward: false,
  };
  return (await queryAll(table, query, limit)).map(incidentOf);
}

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDispatchClient } from '../../functions/aws/clients/dispatch-client.ts';
import { createWorkflowClient } from '../../functions/aws/clients/workflow-client.ts';
import { createIncidentStore } from '../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import type { Unopened } from '../../functions/core/protocol/steps.ts';
import { answerQuestion } from '../../functions/incident/answer-question.ts';
import type { HeadroomConfig, Target } from '../../lib/config/schema.ts';
import { namesOf } from '../../lib/house/names.ts';
import { localClientConfig } from '../machine/client-config.ts';
import { ACCOUNT, REGION } from '../machine/place.ts';
import type { Owner } from '../records/owner.ts';
import { newsOf, type Line } from '../terminal/narrator.ts';
import { onInterrupt } from '../terminal/on-interrupt.ts';
import { createApprover, type AskPerson } from './approver.ts';
import { readResult, type RespondResult } from './respond-result.ts';

/** A watch that has the records open. */
export type RunningWatch = Owner & { readonly watch: NonNullable<Owner['watch']> };

interface HandOver {
  readonly config: HeadroomConfig;
  readonly target: Target;
  readonly event: unknown;
  /** Who answers the questions of tiers in mode approve. */
  readonly person: AskPerson;
  readonly onLine: (line: Line) => void;
  /** Every look in full, in place of what has changed. */
  readonly verbose: boolean;
}

/** How often the records are read for what the watch has done. */
const EVERY_MS = 1_000;

/**
 * Hands an alarm event to the watch that has the records open, and follows its incident there: one process alone acts on
 * a target and writes the records. Ctrl-C ends the following, and the watch goes on. Throws when the watch is gone.
 */
export async function respondThrough(
  owner: RunningWatch,
  { config, target, event, person, onLine, verbose }: HandOver,
): Promise<RespondResult | Unopened> {
  const names = namesOf(config.installation.prefix);
  const { store, lambda, workflow, close } = connectTo(owner, names);
  const say = (kind: Line['kind'], text: string) => onLine({ at: Date.now(), kind, text });
  try {
    say('detail', `${owner.command} (pid ${owner.pid}) has the records open and carries it out`);
    const dispatcher = createDispatchClient({ client: lambda, dispatch: names.control('dispatch') });
    const answer = await dispatcher.dispatch(target.id, event);
    if ('reason' in answer) return answer;
    say('detail', `incident ${answer.incidentId} (${answer.result})`);
    const approver = createApprover({
      findRuntime: () =>
        Promise.resolve({ store, answer: (key, given) => answerQuestion(key, given, { store, workflow }) }),
      person,
      onLine,
    });
    await follow(answer.incidentId, { store, approver, say, verbose });
    return await readResult(store, answer.incidentId, []);
  } finally {
    close();
  }
}

function connectTo(owner: RunningWatch, names: ReturnType<typeof namesOf>) {
  const services = localClientConfig(owner.watch.url, owner);
  const lambda = new LambdaClient(services);
  const sfn = new SFNClient(services);
  const table = new DynamoDBClient(localClientConfig(owner.url, owner));
  const stateMachineArn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${names.workflow}`;
  return {
    lambda,
    workflow: createWorkflowClient({ client: sfn, stateMachineArn }),
    store: createIncidentStore({ client: DynamoDBDocumentClient.from(table), table: names.table }),
    close: () => {
      for (const client of [lambda, sfn, table]) client.destroy();
    },
  };
}

interface Following {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'approvals'>;
  readonly approver: ReturnType<typeof createApprover>;
  readonly say: (kind: Line['kind'], text: string) => void;
  readonly verbose: boolean;
}

/** Reports each round and asks each question, until the incident is closed or a person has seen enough. */
async function follow(incidentId: string, { store, approver, say, verbose }: Following): Promise<void> {
  const leaving = new AbortController();
  const stopListening = onInterrupt(() => {
    say('bad', 'no longer followed; the watch goes on, and its record is shown by');
    say('detail', `npx --no headroom incidents show ${incidentId}`);
    leaving.abort();
  });
  const now = () => ({ at: Date.now(), execution: incidentId, state: 'WaitForApproval' });
  let asked = false;
  try {
    for (let shown = 0; !leaving.signal.aborted;) {
      const incident = await store.incidents.byId(incidentId);
      const rounds = await store.rounds.of(incidentId);
      for (const round of rounds.slice(shown)) {
        for (const { kind, text } of newsOf(round, rounds[shown - 1], verbose)) say(kind, text);
        shown++;
      }
      if (incident?.status !== 'open') return;
      const isPending = (await store.approvals.of(incidentId)).some(({ status }) => status === 'pending');
      if (isPending && !asked) approver.hear({ kind: 'task-waiting', ...now() });
      if (!isPending && asked) approver.hear({ kind: 'state-exited', output: null, ...now() });
      asked = isPending;
      await sleep(EVERY_MS, undefined, { signal: leaving.signal }).catch(() => undefined);
    }
  } finally {
    // A question that is still open at this terminal closes.
    approver.hear({ kind: 'state-exited', output: null, ...now() });
    stopListening();
  }
}

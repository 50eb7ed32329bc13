import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { metaItem } from '../../../../functions/aws/incident-store/table/items.ts';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { PlanSummary } from '../../../../functions/core/plan/plan-summary.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { anIncident } from '../../../support/an-incident.ts';
import { anApproval, aSummary } from '../../../support/an-approval.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';
import { aVictim } from './samples.ts';

let local: LocalTable;
let store: IncidentStore;

beforeAll(async () => {
  local = await startLocalTable();
  store = createIncidentStore(local);
});
afterAll(() => local.stop());

const LIMIT = { user: 'shop', limit: 40, sessions: 12, why: 'it opens 20 sessions a second' };

/** A plan as the first version stored it: its limit is called `cap`, and is always there. */
function storedPlan(cap: PlanSummary['limit']): object {
  const fields = Object.entries(aSummary({ tier: 'cap-consumer' }));
  return { ...Object.fromEntries(fields.filter(([name]) => name !== 'limit')), cap };
}

const put = (item: object) => local.client.send(new PutCommand({ TableName: local.table, Item: { ...item } }));

it.each([LIMIT, null])('reads the question of a round whose limit was stored as cap: %o', async (limit) => {
  const question = storedPlan(limit);
  await put({ pk: 'INCIDENT#first', sk: 'ROUND#0001', round: { incidentId: 'first', round: 1, question } });
  expect(await store.rounds.of('first')).toEqual([
    { incidentId: 'first', round: 1, question: aSummary({ tier: 'cap-consumer', limit }) },
  ]);
});

it('reads an incident whose policy was stored before it had a field, with the default of that field', async () => {
  const incident = anIncident({ id: 'third' });
  const { call, ...candidate } = { ...incident, at: 0, leaseUntil: 0 };
  expect(call).toBeNull();
  await put(metaItem(candidate, 1));
  const { exceptAdministrators, ...protect } = incident.target.policy.protect;
  await local.client.send(
    new UpdateCommand({
      TableName: local.table,
      Key: { pk: 'INCIDENT#third', sk: 'META' },
      UpdateExpression: 'SET target.#policy.protect = :earlier',
      ExpressionAttributeNames: { '#policy': 'policy' },
      ExpressionAttributeValues: { ':earlier': protect },
    }),
  );
  expect(exceptAdministrators).toEqual([]);
  expect((await store.incidents.byId('third'))?.target).toEqual(incident.target);
});

it.each([LIMIT, null])('reads an approval whose limit was stored as cap: %o', async (limit) => {
  const approval = { ...anApproval({ incidentId: 'first' }), plan: storedPlan(limit) };
  await put({ pk: 'INCIDENT#first', sk: 'APPROVAL#0001', approval, secretHash: 'hash', taskToken: 'token' });
  const read = { ...approval, plan: aSummary({ tier: 'cap-consumer', limit }) };
  expect(await store.approvals.of('first')).toEqual([read]);
  expect(await store.approvals.readQuestion({ incidentId: 'first', round: 1 }, 'hash')).toEqual(read);
});

it('reads the limit of an act that was stored as cap, and none from an act that was stored before there were limits', async () => {
  const act = { incidentId: 'first', round: 1, tier: 'cap-consumer', startedAt: 0, finishedAt: 1, counted: 0 };
  const cap = { ...LIMIT, account: 'shop', before: null, reason: 'storm', result: 'done', detail: '' };
  await put({ pk: 'INCIDENT#first', sk: 'ACT#0001#0000', page: 0, act, victims: [], cap });
  await put({ pk: 'INCIDENT#first', sk: 'ACT#0002#0000', page: 0, act: { ...act, round: 2 }, victims: [] });
  expect(await store.acts.of('first')).toMatchObject([{ limit: cap }, { limit: null }]);
});

it('reads the victims of an act that was stored before they had a client', async () => {
  const act = { incidentId: 'second', round: 1, tier: 'kill-idle', startedAt: 0, finishedAt: 1, counted: 1 };
  const { client, ...victim } = aVictim(1);
  await put({ pk: 'INCIDENT#second', sk: 'ACT#0001#0000', page: 0, act, victims: [victim] });
  expect(client).not.toBeNull();
  expect(await store.acts.of('second')).toMatchObject([{ victims: [{ ...victim, client: null }] }]);
});

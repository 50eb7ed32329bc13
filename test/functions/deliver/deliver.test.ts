import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Arrived } from '../../../functions/core/channels/told.ts';
import { machineForm } from '../../../functions/core/messages/form/build.ts';
import { deliver } from '../../../functions/deliver/deliver.ts';
import { createDeliveries } from '../../../functions/aws/outward/deliveries.ts';
import { aTarget } from '../../support/a-session.ts';
import { MESSAGE_KINDS } from '../../support/message-kinds.ts';
import { StepWorld } from '../../support/step-world.ts';
import { startLocalTable, type LocalTable } from '../aws/incident-store/local-table.ts';

let world: StepWorld;
let table: LocalTable;
beforeAll(async () => {
  [world, table] = await Promise.all([StepWorld.create(), startLocalTable()]);
});
afterAll(() => Promise.all([world.stop(), table.stop()]));

function topicEvent(messageId: string, incidentId: string): object {
  const message = MESSAGE_KINDS['escalated'];
  if (message === undefined) throw new Error('no such kind');
  const attributes = { ...message.attributes, incidentId };
  const values = Object.entries(attributes).map(([name, Value]) => [name, { Type: 'String', Value }]);
  const Sns = {
    MessageId: messageId,
    Subject: message.subject,
    Message: JSON.stringify(machineForm(message)),
    MessageAttributes: Object.fromEntries(values) as object,
  };
  return { Records: [{ EventSource: 'aws:sns', Sns }] };
}

test('a channel that fails holds up no other, gets the message again alone, and all of it is on record', async () => {
  const incidentId = await world.openIncident(aTarget({ id: 'delivered' }));
  const sent: [string, Arrived][] = [];
  let isBroken = true;
  const channel = (name: string, fails: () => boolean) => ({
    name,
    send(message: Arrived) {
      if (fails()) return Promise.reject(new Error(`${name} answered 503`));
      sent.push([name, message]);
      return Promise.resolve();
    },
  });
  const channels = [channel('notify.slack', () => isBroken), channel('notify.teams', () => false)];
  const deps = { channels, deliveries: createDeliveries(table), store: world.store, now: Date.now };
  const event = topicEvent('m-1', incidentId);
  await expect(deliver(event, deps)).rejects.toThrow('notify.slack answered 503');
  expect(sent.map(([name]) => name)).toEqual(['notify.teams']);
  isBroken = false;
  await expect(deliver(event, deps)).resolves.toEqual({ delivered: 1 });
  await expect(deliver(event, deps)).resolves.toEqual({ delivered: 0 });
  expect(sent.map(([name]) => name)).toEqual(['notify.teams', 'notify.slack']);
  expect(sent[0]?.[1]).toMatchObject({
    subject: MESSAGE_KINDS['escalated']?.subject,
    attributes: { notice: 'escalated' },
  });
  const incident = await world.store.incidents.byId(incidentId);
  const attempts = incident?.notices.filter(({ channel: by }) => by !== undefined);
  expect(attempts?.map(({ channel: by, delivered, error }) => [by, delivered, error])).toEqual(
    expect.arrayContaining([
      ['notify.slack', false, 'notify.slack answered 503'],
      ['notify.teams', true, ''],
      ['notify.slack', true, ''],
    ]),
  );
});

test('the first thread of an incident stays', async () => {
  const deliveries = createDeliveries(table);
  expect(await deliveries.threadOf('i-1', 'slack')).toBeNull();
  await deliveries.beginThread('i-1', 'slack', '1', 0);
  await deliveries.beginThread('i-1', 'slack', '2', 0);
  expect(await deliveries.threadOf('i-1', 'slack')).toBe('1');
});

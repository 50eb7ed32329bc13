import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { close } from '../../../functions/close/close.ts';
import { escalate } from '../../../functions/escalate/escalate.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.published.length = 0;
  world.topicFails = false;
});

async function open(): Promise<string> {
  const id = await world.openIncident(aTarget({ id: `n${++count}` }));
  await notify({ incidentId: id }, world);
  world.published.length = 0;
  return id;
}
const noticesOf = () => world.published.map((message) => message.attributes.notice);

describe('what people are owed at the end', () => {
  it.each([
    ['relieved', ['resolved']],
    ['not-needed', ['resolved']],
    ['observed', ['observed']],
    ['failed', ['failed']],
  ] as const)('for an incident that ends as %s is %j, once', async (outcome, notices) => {
    const incidentId = await open();
    await close({ incidentId, outcome, error: null }, world);
    await notify({ incidentId }, world);
    await notify({ incidentId }, world);
    expect(noticesOf()).toEqual(notices);
  });

  it('of an escalation is one page, sent before closing', async () => {
    const incidentId = await open();
    await world.store.incidents.change(incidentId, { escalation: { reason: 'nothing left', advice: [] } }, 'escalated');
    await escalate({ incidentId, error: null }, world);
    expect(noticesOf()).toEqual(['escalated']);
    await close({ incidentId, outcome: 'escalated', error: null }, world);
    await notify({ incidentId }, world);
    expect(noticesOf()).toEqual(['escalated']);
    expect(await world.store.incidents.byId(incidentId)).toMatchObject({ outcome: 'escalated', pendingNotices: [] });
  });

  it('of a workflow that cannot go on is a page that says why, also after a deploy', async () => {
    const incidentId = await open();
    await escalate(
      { schema: 99, incidentId, error: { Error: 'SchemaMismatch', Cause: 'payload has schema 0' } },
      world,
    );
    expect((await world.store.incidents.byId(incidentId))?.escalation?.reason).toContain('SchemaMismatch');
    expect(world.published[0]?.attributes).toMatchObject({ notice: 'escalated', severity: 'critical' });
  });

  it('is sent later when the topic fails: escalating goes on, notifying asks to be tried again', async () => {
    const incidentId = await open();
    world.topicFails = true;
    await world.store.incidents.change(incidentId, { escalation: { reason: 'nothing left', advice: [] } }, 'escalated');
    expect((await escalate({ incidentId, error: null }, world)).undelivered).toHaveLength(1);
    await close({ incidentId, outcome: 'escalated', error: null }, world);
    await expect(notify({ incidentId }, world)).rejects.toMatchObject({ name: 'NoticeUndelivered' });
    world.topicFails = false;
    await notify({ incidentId }, world);
    expect(noticesOf()).toEqual(['escalated']);
  });

  it('does not change who closed an incident first', async () => {
    const incidentId = await open();
    await close({ incidentId, outcome: 'relieved', error: null }, world);
    expect(await close({ incidentId, outcome: 'failed', error: { Error: 'Late' } }, world)).toMatchObject({
      outcome: 'relieved',
    });
  });
});

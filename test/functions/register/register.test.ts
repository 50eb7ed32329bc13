import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { answerStack, type StackAnswer } from '../../../functions/register/answer-stack.ts';
import { register } from '../../../functions/register/register.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `r${++count}` });
  world.at += 3_600_000;
  world.published.length = world.limitRequests.length = 0;
  world.topicFails = false;
  world.onLimit = () => null;
  world.limits.clear();
});

const STACK = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/headroom-target-x/1';

/** What CloudFormation sends, and what it is answered. */
async function ask(
  RequestType: 'Create' | 'Update' | 'Delete',
  changed: Readonly<Record<string, unknown>> = {},
): Promise<StackAnswer> {
  const event = {
    RequestType,
    ResponseURL: 'https://cloudformation.example/answer?signature=s',
    StackId: STACK,
    RequestId: 'request',
    LogicalResourceId: 'Registered',
    ResourceType: 'Custom::HeadroomTarget',
    ...(RequestType === 'Create' ? {} : { PhysicalResourceId: `target/${target.id}` }),
    ResourceProperties: { ServiceToken: 'arn', Schema: '1', Settings: JSON.stringify(target) },
    ...changed,
  };
  const sent: StackAnswer[] = [];
  await answerStack(event, {
    carryOut: (request) => register(request, world),
    send: (_, answer) => Promise.resolve(void sent.push(answer)),
    sleep: () => new Promise(() => undefined),
  });
  expect(sent).toHaveLength(1);
  return sent[0] as StackAnswer;
}

const list = (Targets: unknown, RequestType: 'Create' | 'Update' | 'Delete' = 'Update') =>
  ask(RequestType, { ResourceType: 'Custom::HeadroomTargets', ResourceProperties: { Targets } });

async function openWithLimit(user: string): Promise<string> {
  const id = await world.openIncident(target);
  world.limits.set(user, 5);
  await world.store.limits.record({
    ...{ targetId: target.id, incidentId: id, user, account: user, limit: 5, before: null },
    ...{ at: world.at, setBy: world.at, isSet: true, toldAt: null },
  });
  return id;
}

describe('the stack of a target', () => {
  it('writes its settings, and writes them again when they change', async () => {
    const created = await ask('Create');
    expect(created).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: `target/${target.id}`, StackId: STACK });
    target = { ...target, mode: 'observe' };
    expect(await ask('Update')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: created.PhysicalResourceId });
    expect(await world.store.targets.find(target.id)).toEqual(target);
  });

  it('that goes takes the target out, closes its incident with a notice and lifts its limits', async () => {
    await ask('Create');
    const id = await openWithLimit('app');
    expect(await ask('Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect(await world.store.targets.find(target.id)).toBeNull();
    expect(await world.store.targets.rowOf(target.id)).toBeNull();
    expect(await world.store.incidents.byId(id)).toMatchObject({
      status: 'closed',
      outcome: 'interrupted',
      failure: { detail: 'the target left the configuration' },
      pendingNotices: [],
    });
    expect(world.limits.get('app')).toBeNull();
    expect(await world.store.limits.of(target.id)).toEqual([]);
    expect(world.published.map(({ attributes }) => attributes.notice)).toEqual(['opened', 'interrupted']);
    expect(world.published.at(-1)?.subject).toContain('the target left the configuration');
  });

  it('that goes is not held up by a limit that cannot be lifted: a person is paged', async () => {
    await ask('Create');
    await openWithLimit('app');
    world.onLimit = () => {
      throw new WorkerFault('worker timed out');
    };
    expect(await ask('Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect(world.published.map(({ attributes }) => attributes.notice)).toContain('limit-left');
    expect(await world.store.limits.of(target.id)).toHaveLength(1);
  });

  it('that goes lifts what an earlier incident has left, too', async () => {
    await ask('Create');
    const id = await openWithLimit('app');
    await world.store.incidents.close(id, { outcome: 'failed', at: world.at, failure: null, notice: null });
    await ask('Delete');
    expect(await world.store.limits.of(target.id)).toEqual([]);
  });

  it('tells whoever deploys where nobody could be notified, and gives way at the next try', async () => {
    await ask('Create');
    const id = await world.openIncident(target);
    world.topicFails = true;
    const told = await ask('Delete');
    expect(told).toMatchObject({ Status: 'FAILED', PhysicalResourceId: `target/${target.id}` });
    expect(told.Reason).toContain(`closed ${id}, and nobody was notified`);
    expect(await ask('Delete')).toMatchObject({ Status: 'SUCCESS' });
  });

  it('takes away nothing that another stack has registered since', async () => {
    await ask('Create', { StackId: `${STACK}-moved` });
    expect(await ask('Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect(await world.store.targets.find(target.id)).not.toBeNull();
  });

  it('takes back a registration that was refused without touching anything', async () => {
    expect(await ask('Delete', { PhysicalResourceId: 'none' })).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the list of all targets', () => {
  it('takes out whoever is not on it, whichever stack has registered them', async () => {
    await ask('Create');
    const left = target;
    await world.openIncident(left);
    target = aTarget({ id: `${left.id}-stays` });
    await ask('Create');
    const others = (await world.store.targets.roster()).map(({ id }) => id).filter((id) => id !== left.id);
    expect(await list(others)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'targets' });
    expect(await world.store.targets.find(left.id)).toBeNull();
    expect(await world.store.incidents.openOf(left.id)).toBeNull();
    expect(await world.store.targets.find(target.id)).not.toBeNull();
  });

  it('that goes with its installation takes out nobody', async () => {
    await ask('Create');
    expect(await list([], 'Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect(await world.store.targets.find(target.id)).not.toBeNull();
  });

  it('of a new installation finds no table yet, which any other is told', async () => {
    const missing = Object.assign(new Error('no table'), { name: 'ResourceNotFoundException' });
    const store = { ...world.store, targets: { ...world.store.targets, roster: () => Promise.reject(missing) } };
    const request = {
      resourceType: 'Custom::HeadroomTargets',
      properties: { Targets: ['a'] },
      physicalId: null,
      stackId: STACK,
    } as const;
    const deps = Object.assign(Object.create(world) as StepWorld, { store });
    expect(await register({ ...request, kind: 'Create' }, deps)).toEqual({ physicalId: 'targets', done: [] });
    await expect(register({ ...request, kind: 'Update' }, deps)).rejects.toThrow('no table');
  });
});

describe('CloudFormation is answered', () => {
  it.each([
    ['settings that are none', { Schema: '1', Settings: '{"id":"x"}' }, /Headroom: engine: .*/],
    ['no settings', {}, /settings have schema undefined/],
    ['settings of another version', { Schema: '2', Settings: '{}' }, /deploy all stacks .* from one version/],
  ])('with the reason: %s', async (_, ResourceProperties, reason) => {
    const answer = await ask('Create', { ResourceProperties });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'none' });
    expect(answer.Reason).toMatch(reason);
  });

  it('with what the table says when it takes nothing', async () => {
    const sent: StackAnswer[] = [];
    const event = {
      ...{ RequestType: 'Delete', ResponseURL: 'https://a.example', StackId: STACK, RequestId: 'r' },
      ...{ LogicalResourceId: 'l', ResourceType: 'Custom::HeadroomTarget', PhysicalResourceId: 'target/x' },
      ResourceProperties: {},
    };
    const send = (_: string, answer: StackAnswer) => Promise.resolve(void sent.push(answer));
    const carryOut = () => Promise.reject(new Error('the table is throttled'));
    await answerStack(event, { carryOut, send, sleep: () => new Promise(() => undefined) });
    // One that never ends, and a function that must have ended by then.
    await answerStack(event, { carryOut: () => new Promise(() => undefined), send, sleep: () => Promise.resolve() });
    expect(sent.map(({ Status, Reason, PhysicalResourceId }) => [Status, Reason, PhysicalResourceId])).toEqual([
      ['FAILED', 'Headroom: the table is throttled', 'target/x'],
      ['FAILED', 'Headroom: not done within 90 s; try again', 'target/x'],
    ]);
  });

  it('never at an address that is not its own', async () => {
    await expect(ask('Create', { ResponseURL: 'http://127.0.0.1/' })).rejects.toThrow(
      'not a request of CloudFormation',
    );
  });
});

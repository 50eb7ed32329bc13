import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabases } from '../../../functions/aws/rds/databases.ts';
import { createOwnAlarms } from '../../../functions/aws/rds/own-alarms.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import { answer, type AnswerDependencies } from '../../../functions/follow/answer.ts';
import { seenAt } from '../../support/a-sample.ts';
import { aTarget } from '../../support/a-session.ts';
import { startAwsPlane, type AwsPlane } from '../../support/aws-plane.ts';
import { StepWorld } from '../../support/step-world.ts';
import { CREATED, FAILED_OVER, PARAMETERS, rdsEvent, RESIZED } from './rds-events.ts';

const DOMAIN = 'c0abc.eu-west-1.rds.amazonaws.com';

let world: StepWorld;
let plane: AwsPlane;
let deps: AnswerDependencies;
let count = 0;
let cluster: TargetSettings;
/** The cluster's name at RDS; its id is another. */
let name: string;

beforeAll(async () => {
  [world, plane] = await Promise.all([StepWorld.create(), startAwsPlane()]);
  deps = Object.assign(world, { databases: createDatabases(plane.rds), ownAlarms: createOwnAlarms(plane.cloudWatch) });
});
afterAll(() => Promise.all([world.stop(), plane.stop()]));

beforeEach(async () => {
  world.at += 3_600_000;
  name = `shop-cluster-${++count}`;
  const id = `f${count}`;
  cluster = aTarget({
    id,
    instance: name,
    isCluster: true,
    resourceId: 'cluster-A',
    isRds: true,
    alarms: ['connections-high', 'connections-critical', 'usage-high'].map((ending) => `headroom-${id}-${ending}`),
  });
  plane.clusters.clear();
  plane.instances.clear();
  plane.alarms.clear();
  plane.clusters.set(name, { resourceId: 'cluster-A' });
  plane.instances.set('shop-1', { resourceId: 'db-1', cluster: name, isWriter: true });
  plane.instances.set('shop-2', { resourceId: 'db-2', cluster: name });
  plane.instances.set('stranger', { resourceId: 'db-9' });
  for (const list of [world.published, world.called, plane.asked]) list.length = 0;
  await world.store.targets.register(cluster, 'a stack', world.at);
});

const follow = (target = cluster.id) => answer({ schema: SCHEMA, target }, deps);
const rowsOf = async () =>
  (await world.store.targets.roster()).map(({ id }) => id).filter((id) => id.startsWith(`${cluster.id}/`));
const subjects = () => world.published.map(({ subject }) => subject);
const setUsable = (member: string, usable: number) =>
  world.store.samples.put(`${cluster.id}/${member}`, { ...seenAt(world.at, 20), usable });

describe('the members of a cluster', () => {
  it('are found, put on the roster with the settings of their cluster, and people are told once', async () => {
    await follow();
    expect(await rowsOf()).toEqual([`${cluster.id}/shop-1`, `${cluster.id}/shop-2`]);
    expect(await world.store.targets.find(`${cluster.id}/shop-2`)).toMatchObject({
      id: `${cluster.id}/shop-2`,
      instance: 'shop-2',
      member: 'shop-2',
      worker: cluster.worker,
      mode: cluster.mode,
      endpoint: `shop-2.${DOMAIN}:5432`,
      alarms: [
        `headroom-${cluster.id}/shop-2-connections-high`,
        `headroom-${cluster.id}/shop-2-connections-critical`,
        `headroom-${cluster.id}/shop-2-usage-high`,
      ],
      pauses: false,
    });
    expect(subjects()).toEqual([expect.stringContaining(`[Headroom] ${cluster.id}: the cluster has a new member`)]);
    expect(world.published[0]?.body).toContain('shop-1 is a member now, the writer: sampled from now on');
    expect(world.published[0]?.body).toContain('shop-2 is a member now, a reader');
    await follow();
    expect(subjects()).toHaveLength(1);
  });

  it('follow what a person changes for the cluster, with the next request', async () => {
    await follow();
    await world.store.targets.register({ ...cluster, mode: 'observe' }, 'a stack', world.at);
    expect(await world.store.targets.find(`${cluster.id}/shop-1`)).toMatchObject({ mode: 'observe' });
  });

  it('come when they are made, not before', async () => {
    plane.instances.set('shop-3', { resourceId: 'db-3', cluster: name, status: 'creating', host: null });
    await follow();
    expect(await rowsOf()).toHaveLength(2);
    plane.instances.set('shop-3', { resourceId: 'db-3', cluster: name });
    await answer(rdsEvent('RDS DB Instance Event', 'shop-3', CREATED), deps);
    expect(await rowsOf()).toContain(`${cluster.id}/shop-3`);
  });

  it('that leave have their incident closed with a notice, their alarms taken away, and no row any more', async () => {
    await follow();
    await setUsable('shop-2', 100);
    await follow();
    expect([...plane.alarms.keys()]).toHaveLength(2);
    const settings = await world.store.targets.find(`${cluster.id}/shop-2`);
    if (settings === null) throw new Error('no settings');
    const alarm = { alarm: settings.alarms[0] ?? '', at: world.at, reason: '' };
    const incident = { id: `${cluster.id}-gone`, target: settings, alarm, at: world.at, leaseUntil: world.at + 60_000 };
    await world.store.incidents.open(incident);
    world.published.length = 0;
    plane.instances.delete('shop-2');
    await follow();
    expect(await rowsOf()).toEqual([`${cluster.id}/shop-1`]);
    expect(await world.store.targets.find(`${cluster.id}/shop-2`)).toBeNull();
    expect(await world.store.incidents.byId(incident.id)).toMatchObject({
      status: 'closed',
      outcome: 'interrupted',
      failure: { detail: `shop-2 has left the cluster ${name}` },
    });
    expect(plane.alarms.size).toBe(0);
    expect(subjects()).toContainEqual(expect.stringContaining('a member has left the cluster'));
    expect(world.published.at(-1)?.body).toContain('shop-2 is no member any more');
    expect(subjects().length).toBeGreaterThan(1);
  });

  it('keep their rows when the cluster is not to be found: it may be renamed this very moment', async () => {
    await follow();
    plane.clusters.clear();
    await follow();
    expect(await rowsOf()).toHaveLength(2);
  });

  it('stay when their cluster lists them and RDS says nothing else of them', async () => {
    await follow();
    plane.unsaid.add('shop-2');
    await follow();
    plane.unsaid.clear();
    expect(await rowsOf()).toHaveLength(2);
  });
});

describe('events of RDS', () => {
  it('of a failover lead to new roles, a notice, and a sample of each member they are about', async () => {
    await follow();
    world.published.length = 0;
    plane.instances.set('shop-1', { resourceId: 'db-1', cluster: name });
    plane.instances.set('shop-2', { resourceId: 'db-2', cluster: name, isWriter: true });
    await answer(rdsEvent('RDS DB Cluster Event', name, FAILED_OVER), deps);
    expect(await world.store.targets.members(cluster.id)).toMatchObject([
      { name: 'shop-1', isWriter: false },
      { name: 'shop-2', isWriter: true },
    ]);
    expect(world.published[0]?.body).toContain('shop-2 is the writer now');
    await answer(rdsEvent('RDS DB Instance Event', 'shop-2', RESIZED), deps);
    const own = world.called.filter((call) => JSON.stringify(call).includes(`"${cluster.id}/`));
    expect(own).toEqual([
      { name: 'sample', schema: SCHEMA, kind: 'sample', target: `${cluster.id}/shop-2`, samples: 1 },
    ]);
  });

  it('about other servers of the account ask RDS once at most, and do nothing', async () => {
    await answer(rdsEvent('RDS DB Instance Event', 'stranger', RESIZED), deps);
    await answer(rdsEvent('RDS DB Cluster Event', 'strangers', FAILED_OVER), deps);
    expect(plane.asked).toEqual(['DescribeDBInstances']);
    expect([...world.called, ...world.published]).toEqual([]);
  });

  it('of other kinds are refused: the rule does not let them through', async () => {
    await expect(answer(rdsEvent('RDS DB Parameter Group Event', 'pg', PARAMETERS), deps)).rejects.toMatchObject({
      name: 'BadRequest',
    });
  });
});

describe('alarms', () => {
  it('of a member are made by the slots that its first sample shows, and put again when these change', async () => {
    await follow();
    expect(plane.alarms.size).toBe(0);
    await setUsable('shop-1', 91);
    await follow();
    const [high, critical] = [...plane.alarms.values()];
    expect(high).toMatchObject({
      AlarmName: `headroom-${cluster.id}/shop-1-connections-high`,
      Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop-1' }],
      Threshold: 78,
      EvaluationPeriods: 2,
    });
    expect(critical).toMatchObject({ Threshold: 87, EvaluationPeriods: 1 });
    world.published.length = 0;
    world.at += 60_000;
    await setUsable('shop-1', 191);
    await follow();
    expect(plane.alarms.get(`headroom-${cluster.id}/shop-1-connections-high`)?.Threshold).toBe(163);
    expect(subjects()).toEqual([expect.stringContaining('191 usable slots now')]);
    expect(world.published[0]?.body).toContain(
      'shop-1 has 191 usable slots now; its alarm goes off at 163 connections',
    );
    await follow();
    expect(plane.asked.filter((operation) => operation === 'PutMetricAlarm')).toHaveLength(4);
    expect(subjects()).toHaveLength(1);
  });

  it('say where people’s own runbook is, those that stand too, and nobody is told of that', async () => {
    await follow();
    await setUsable('shop-1', 91);
    await follow();
    world.published.length = 0;
    const runbook = 'https://wiki.example/databases';
    await answer({ schema: SCHEMA, target: cluster.id }, { ...deps, runbook });
    const descriptions = [...plane.alarms.values()].map((alarm) => alarm.AlarmDescription);
    for (const text of descriptions)
      expect(text).toMatch(/^Runbook: https:\/\/wiki\.example\/databases and docs\/runbook/);
    expect(descriptions).toHaveLength(2);
    await answer({ schema: SCHEMA, target: cluster.id }, { ...deps, runbook });
    expect(plane.asked.filter((operation) => operation === 'PutMetricAlarm')).toHaveLength(4);
    expect(subjects()).toEqual([]);
  });

  it('stay where they are while no fresh sample shows the slots', async () => {
    await follow();
    await setUsable('shop-1', 91);
    world.at += 11 * 60_000;
    await follow();
    expect(plane.alarms.size).toBe(0);
  });
});

describe('another server under the same name', () => {
  it('is told once with what to deploy, and told again after it has been right', async () => {
    await follow();
    world.published.length = 0;
    plane.clusters.set(name, { resourceId: 'cluster-B' });
    await follow();
    await follow();
    expect(world.published).toHaveLength(1);
    expect(world.published[0]?.subject).toContain('WARNING');
    expect(world.published[0]?.body).toContain(`set resourceId: cluster-B for target ${cluster.id}`);
    expect(world.published[0]?.body).toContain('npx --no cdk deploy --all');
    expect(await rowsOf()).toHaveLength(2);
    plane.clusters.set(name, { resourceId: 'cluster-A' });
    await follow();
    plane.clusters.set(name, { resourceId: 'cluster-C' });
    await follow();
    expect(world.published).toHaveLength(2);
  });

  it('is told again when nobody could be notified', async () => {
    await follow();
    plane.clusters.set(name, { resourceId: 'cluster-B' });
    world.topicFails = true;
    await expect(follow()).rejects.toThrow('the topic is down');
    world.topicFails = false;
    world.published.length = 0;
    world.at += 60_000;
    await follow();
    expect(subjects()).toEqual([expect.stringContaining('another server has this name now')]);
  });
});

describe('a target that is one instance', () => {
  const settings = (id: string, resourceId: string) =>
    aTarget({
      id,
      instance: 'stranger',
      resourceId,
      alarms: [`headroom-${id}-connections-high`, `headroom-${id}-connections-critical`],
    });

  it('is compared by its own resource id, or by that of its cluster', async () => {
    const target = settings(`i${count}`, 'db-9');
    await world.store.targets.register(target, 'a stack', world.at);
    await follow(target.id);
    plane.instances.set('stranger', { resourceId: 'db-9', cluster: name });
    await follow(target.id);
    await world.store.targets.register({ ...target, resourceId: 'cluster-A' }, 'a stack', world.at);
    await follow(target.id);
    expect(world.published).toEqual([]);
    await world.store.targets.register({ ...target, resourceId: 'db-8' }, 'a stack', world.at);
    await follow(target.id);
    expect(world.published[0]?.body).toContain('set resourceId: cluster-A');
  });

  it('of a cluster with a minimum of 0 ACUs is known to pause', async () => {
    const target = settings(`p${count}`, 'cluster-A');
    plane.clusters.set(name, { resourceId: 'cluster-A', minCapacity: 0 });
    plane.instances.set('stranger', { resourceId: 'db-9', cluster: name });
    await world.store.targets.register(target, 'a stack', world.at);
    await follow(target.id);
    expect(await world.store.targets.find(target.id)).toMatchObject({ pauses: true });
    expect(await world.store.targets.rowOf(target.id)).toMatchObject({ followedAt: world.at });
    plane.clusters.set(name, { resourceId: 'cluster-A', minCapacity: 0.5 });
    await follow(target.id);
    expect(await world.store.targets.find(target.id)).toMatchObject({ pauses: false });
  });
});

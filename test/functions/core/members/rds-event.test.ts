import { expect, it } from 'vitest';
import { parseRdsEvent, RDS_CATEGORIES, RDS_EVENTS } from '../../../../functions/core/members/rds-event.ts';
import { CREATED, FAILED_OVER, PARAMETERS, rdsEvent, RESIZED } from '../../follow/rds-events.ts';

it('reads what an event is about, by the name as RDS stores it', () => {
  expect(parseRdsEvent(rdsEvent('RDS DB Cluster Event', 'Shop', FAILED_OVER))).toEqual({
    of: 'cluster',
    name: 'shop',
    id: 'RDS-EVENT-0071',
    message: 'Completed failover to DB instance: shop-2',
  });
  expect(parseRdsEvent(rdsEvent('RDS DB Instance Event', 'shop-2', RESIZED))).toMatchObject({
    of: 'instance',
    name: 'shop-2',
  });
});

it('is lenient about what it does not need, and about nothing else', () => {
  const event = rdsEvent('RDS DB Instance Event', 'shop-2', RESIZED);
  expect(parseRdsEvent({ ...event, detail: { SourceIdentifier: 'shop-2' } })).toMatchObject({ id: '', message: '' });
  for (const other of [
    null,
    {},
    { ...event, source: 'aws.rds.evil' },
    { ...event, detail: {} },
    { ...event, detail: { SourceIdentifier: '' } },
    { ...event, detail: { SourceIdentifier: 'x'.repeat(64) } },
    rdsEvent('RDS DB Parameter Group Event', 'pg', PARAMETERS),
  ])
    expect(parseRdsEvent(other)).toBeNull();
});

it('has its words on one line, bounded', () => {
  const event = rdsEvent('RDS DB Instance Event', 'shop-2', {
    ...RESIZED,
    message: `one\ntwo\u001b[31m${'x'.repeat(900)}`,
  });
  const { message = '' } = parseRdsEvent(event) ?? {};
  expect(message).toMatch(/^one/);
  expect([...message].every((character) => character >= ' ')).toBe(true);
  expect(message.length).toBeLessThanOrEqual(301);
});

it('comes by the rule of the installation: its kind and its category are among those that are let through', () => {
  expect(RDS_EVENTS).toEqual(['RDS DB Instance Event', 'RDS DB Cluster Event']);
  for (const { category } of [FAILED_OVER, CREATED, RESIZED]) expect(RDS_CATEGORIES).toContain(category);
  expect(RDS_CATEGORIES).not.toContain('backup');
});

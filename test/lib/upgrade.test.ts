import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { countBy } from '../../functions/core/words/count-by.ts';
import { templatesOf } from '../support/templates.ts';

const resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
type Resource = z.infer<typeof resource>;
const resources = z.record(z.string(), resource);

/** What holds data in the stacks of the last version that had rules for each target, as it was synthesized. */
const EARLIER = z
  .object({ shared: resources, target: resources })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'before-targets-as-data.json'), 'utf8')));

/**
 * Of each type, the properties by whose change CloudFormation makes another one in its place: "Update requires:
 * Replacement" in its reference. Of the table also those by which data would no longer be found.
 */
const NEVER_CHANGED: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': [
    ...['TableName', 'KeySchema', 'AttributeDefinitions', 'ImportSourceSpecification'],
    ...['GlobalSecondaryIndexes', 'LocalSecondaryIndexes', 'TimeToLiveSpecification', 'SSESpecification'],
  ],
  'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::KMS::Alias': ['AliasName'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
};

/** docs/upgrade.md says to read it before: it goes with the rules of its target. */
const GOES = 'UndeliveredF3CF66A9';

describe('an upgrade from rules for each target to targets as data', () => {
  let now: Readonly<Record<keyof typeof EARLIER, Readonly<Record<string, Resource>>>>;
  beforeAll(() => {
    const { shared, target } = templatesOf();
    const of = (template: { toJSON(): unknown }) =>
      z.object({ Resources: resources }).parse(template.toJSON()).Resources;
    now = { shared: of(shared), target: of(target) };
  });

  const all = (['shared', 'target'] as const).flatMap((stack) =>
    Object.entries(EARLIER[stack]).map(([id, before]) => ({ stack, id, type: before.Type, before })),
  );
  const staying = all.filter(({ id }) => id !== GOES);

  it('is looked at whole: a table, a topic with its key, queues, and a log group for each function', () => {
    const types = Object.fromEntries(countBy(all, ({ type }) => type));
    expect(types).toEqual({
      'AWS::DynamoDB::Table': 1,
      'AWS::KMS::Alias': 1,
      'AWS::KMS::Key': 1,
      'AWS::Logs::LogGroup': 11,
      'AWS::SNS::Topic': 1,
      'AWS::SQS::Queue': 2,
    });
  });

  it.each(staying)('keeps $type $id of the $stack stack, and replaces it by nothing', ({ stack, id, before }) => {
    const after = now[stack][id];
    expect(after?.Type).toBe(before.Type);
    for (const property of NEVER_CHANGED[before.Type] ?? []) {
      expect([property, after?.Properties[property]]).toEqual([property, before.Properties[property]]);
    }
  });

  it('keeps the records even when the stack goes', () => {
    const tables = all.filter(({ type }) => type === 'AWS::DynamoDB::Table');
    for (const { stack, id, before } of tables) {
      expect(before.DeletionPolicy).toBe('RetainExceptOnCreate');
      expect(now[stack][id]).toMatchObject({
        DeletionPolicy: before.DeletionPolicy,
        UpdateReplacePolicy: 'Retain',
        Properties: { DeletionProtectionEnabled: true },
      });
    }
  });

  it('takes the queue of a target away, as the page on upgrades says', () => {
    expect(Object.keys(EARLIER.target)).toContain(GOES);
    expect(Object.keys(now.target)).not.toContain(GOES);
    const page = readFileSync(join(import.meta.dirname, '../../docs/upgrade.md'), 'utf8');
    expect(page).toContain('`headroom-ID-undelivered`');
  });
});

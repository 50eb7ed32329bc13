import { describe, expect, test } from 'vitest';
import { readRule } from '../../local/synthesis/event-rule.ts';
import { resolveIntrinsics, type Resources } from '../../local/synthesis/intrinsics.ts';

const RESOURCES: Resources = new Map([
  ['Topic', { type: 'AWS::SNS::Topic', properties: { TopicName: 'headroom-notices' } }],
  ['Table', { type: 'AWS::DynamoDB::Table', properties: {} }],
  [
    'Close',
    { type: 'AWS::Lambda::Function', properties: { FunctionName: { 'Fn::Join': ['-', ['headroom', 'close']] } } },
  ],
  ['Vpc', { type: 'AWS::EC2::VPC', properties: {} }],
]);
const resolve = (value: unknown): unknown => resolveIntrinsics(value, RESOURCES, 'Stack.Thing');

describe('references of a template', () => {
  test('become the names and ARNs of local runs', () => {
    expect(
      resolve({
        topic: { Ref: 'Topic' },
        table: { Ref: 'Table' },
        close: { 'Fn::GetAtt': ['Close', 'Arn'] },
        joined: {
          'Fn::Join': [
            '',
            ['arn:', { Ref: 'AWS::Partition' }, ':sns:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }],
          ],
        },
        sub: { 'Fn::Sub': '${Close}.${Close.Arn}.${!literal}' },
        plain: [1, null, 'x'],
      }),
    ).toEqual({
      topic: 'arn:aws:sns:us-east-1:000000000000:headroom-notices',
      table: 'Table',
      close: 'arn:aws:lambda:us-east-1:000000000000:function:headroom-close',
      joined: 'arn:aws:sns:us-east-1:000000000000',
      sub: 'headroom-close.arn:aws:lambda:us-east-1:000000000000:function:headroom-close.${!literal}',
      plain: [1, null, 'x'],
    });
  });

  test.each([
    [{ a: { Ref: 'Nobody' } }, 'Stack.Thing.a: the local runtime knows no value for Nobody'],
    [{ a: [{ Ref: 'Vpc' }] }, 'Stack.Thing.a[0]: the local runtime knows no value for Vpc (AWS::EC2::VPC)'],
    [{ 'Fn::GetAtt': ['Topic', 'Owner'] }, 'knows no Owner of Topic'],
    [{ 'Fn::If': ['Condition', 1, 2] }, 'does not resolve {"Fn::If"'],
    [{ 'Fn::ImportValue': 'x' }, 'does not resolve {"Fn::ImportValue"'],
  ])('that nothing here stands for are refused by their place: %j', (value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });
});

describe('the rule of a function', () => {
  const Arn = 'arn:aws:lambda:us-east-1:000000000000:function:headroom-dispatch';

  test('leads to its function, with the event as it is', () => {
    expect(readRule('r', [{ Arn }])).toBe('headroom-dispatch');
  });

  test.each<[string, unknown[]]>([
    ['a constant', [{ Arn, Input: '{"schema":1}' }]],
    ['a template', [{ Arn, InputTransformer: { InputTemplate: '{}' } }]],
    ['a part of the event', [{ Arn, InputPath: '$.detail' }]],
    ['another kind of target', [{ Arn: 'arn:aws:sqs:us-east-1:000000000000:queue' }]],
    ['two targets', [{ Arn }, { Arn }]],
  ])('is refused for %s', (_, targets) => {
    expect(() => readRule('r', targets)).toThrow('rule r: ');
  });
});

import { describe, expect, it } from 'vitest';
import { valueOf } from '../../../local/discovery/formula.ts';

const GIB = 1024 ** 3;

describe('a parameter of RDS', () => {
  it.each([
    ['400', 1, 400],
    [' 400 ', 1, 400],
    ['LEAST({DBInstanceClassMemory/9531392},5000)', 16, 1802],
    ['LEAST({DBInstanceClassMemory/9531392},5000)', 512, 5000],
    ['{DBInstanceClassMemory/12582880}', 16, 1365],
    // The default of Aurora MySQL, with the memory and the values of AWS's table for db.r3.large and db.r3.xlarge.
    [AURORA_MYSQL(), 15.25, 1000],
    [AURORA_MYSQL(), 30.5, 2000],
    ['SUM({DBInstanceClassMemory/1073741824*2-1},1)', 4, 8],
    ['{(DBInstanceClassMemory+1073741824)/1073741824}', 4, 5],
  ])('%s with %s GiB is %s', (text, gib, value) => {
    expect(valueOf(text, { DBInstanceClassMemory: gib * GIB })).toBe(value);
  });

  it.each([
    '',
    'on',
    '{AllocatedStorage*3}',
    'LEAST(1,2',
    'LEAST()',
    '1 2',
    '1/0',
    'constructor(1)',
    '{1)',
    'LEAST(1;2)',
  ])('knows nothing of %j', (text) => {
    expect(valueOf(text, { DBInstanceClassMemory: GIB })).toBeNull();
  });
});

function AURORA_MYSQL(): string {
  return 'GREATEST({log(DBInstanceClassMemory/805306368)*45},{log(DBInstanceClassMemory/8187281408)*1000})';
}

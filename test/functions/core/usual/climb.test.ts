import { expect, it } from 'vitest';
import { readClimb, type UsagePoint } from '../../../../functions/core/usual/climb.ts';

const lineOf = ([first = 0, ...later]: readonly number[]): [UsagePoint, ...UsagePoint[]] => [
  { at: 0, used: first },
  ...later.map((used, index) => ({ at: index + 1, used })),
];
const times = (count: number, used: number) => Array<number>(count).fill(used);

it('a climb begins where usage was last low, and not at a restart an hour ago', () => {
  expect(readClimb(lineOf([...times(20, 50), 70, 95]))).toEqual({ base: 50, gained: 45, begins: 19, ends: 21 });
  expect(readClimb(lineOf([44, ...times(19, 51), 96]))).toEqual({ base: 51, gained: 45, begins: 19, ends: 20 });
  expect(readClimb(lineOf([...times(30, 50), 3, ...times(30, 50), 96]))).toMatchObject({ base: 50, begins: 60 });
});

it('a climb from a restart begins there', () => {
  expect(readClimb(lineOf([...times(30, 50), 3, 20, 60, 96]))).toMatchObject({ base: 50, begins: 31 });
  expect(readClimb(lineOf([3, 20, 60, 96]))).toEqual({ base: 3, gained: 93, begins: 0, ends: 3 });
});

it('nothing was gained where usage is lower than ever', () => {
  expect(readClimb(lineOf([...times(20, 50), 30]))).toMatchObject({ base: 30, gained: 0 });
});

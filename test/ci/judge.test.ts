import { expect, it } from 'vitest';
import { judge, type FileResult } from './judge.ts';

/** `+name` is a test that passed, `-name` one that failed. */
function file(name: string, tests: string, passed = !tests.includes('-')): FileResult {
  return {
    file: name,
    passed,
    tests: tests
      .split(' ')
      .filter(Boolean)
      .map((test) => ({ name: test.slice(1), state: test.startsWith('+') ? 'passed' : 'failed' })),
  };
}

it('what passes the first time counts once', () => {
  expect(judge([file('a', '+one +two'), file('b', '+three')], [])).toEqual({ passed: 3, failed: 0, flaky: [] });
});

it('a test that fails the first time only counts as passed, and is named', () => {
  expect(judge([file('a', '+one -two'), file('b', '+three')], [file('a', '+one +two')])).toEqual({
    passed: 3,
    failed: 0,
    flaky: ['a > two'],
  });
});

it('a test that fails again counts as failed, also where it passed the first time', () => {
  expect(judge([file('a', '-one -two +three')], [file('a', '+one -two -three')])).toEqual({
    passed: 1,
    failed: 2,
    flaky: ['a > one'],
  });
});

it('a file that failed without a test to blame counts as one failure, or as flaky when it passes then', () => {
  expect(judge([file('a', '', false)], [file('a', '', false)])).toEqual({ passed: 0, failed: 1, flaky: [] });
  expect(judge([file('a', '+one', false)], [file('a', '+one', false)])).toEqual({ passed: 1, failed: 1, flaky: [] });
  expect(judge([file('a', '', false)], [file('a', '+one +two')])).toEqual({ passed: 2, failed: 0, flaky: ['a'] });
});

it('a test that is gone when its file is run again is not flaky', () => {
  expect(judge([file('a', '+one -two')], [file('a', '', false)])).toEqual({ passed: 0, failed: 1, flaky: [] });
});

it('what fails beside the files is not made good by a second run of others', () => {
  const outside = file('outside of all tests', '', false);
  expect(judge([file('a', '-one'), outside], [file('a', '+one')])).toEqual({
    passed: 1,
    failed: 1,
    flaky: ['a > one'],
  });
  expect(judge([file('a', '-one')], [file('a', '+one'), outside])).toMatchObject({ passed: 1, failed: 1 });
});

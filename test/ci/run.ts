import { startVitest, type TestModule, type TestModuleState } from 'vitest/node';
import { judge, type FileResult } from './judge.ts';

// Runs all tests, and files that fail once more when the rest is over, one at a time. A machine that was busy for a moment
// loses nobody an hour's work that way, and what depends on such moments is named. `npm test` has no second chance.

/** Stands for the file of an error that none is to blame for, and of a run that did not come about. */
const OUTSIDE = 'outside of all tests';
const ENDED: ReadonlySet<string> = new Set<TestModuleState>(['passed', 'failed', 'skipped']);

const first = await run([]);
const failed = first.filter(({ file, passed }) => !passed && file !== OUTSIDE).map(({ file }) => file);
if (failed.length > 0) console.log(`Once more, alone: ${failed.join(', ')}`);
const verdict = judge(first, failed.length === 0 ? [] : await run(failed, 1));

for (const name of verdict.flaky) console.log(`flaky: ${name}`);
console.log(`${verdict.passed} passed, ${verdict.failed} failed`);
process.exitCode = verdict.failed === 0 ? 0 : 1;

/** The results of these files, or of all where none are named. */
async function run(files: readonly string[], maxWorkers?: number): Promise<FileResult[]> {
  const vitest = await startVitest([...files], { run: true, ...(maxWorkers !== undefined && { maxWorkers }) });
  const modules = vitest.state.getTestModules();
  const stray = vitest.state.getUnhandledErrors().map(fileOf);
  // The error of a worker that died names no file, but its file has not ended.
  const dead = modules.filter((module) => !ENDED.has(module.state())).length;
  const isWhole = modules.length > 0 && stray.filter((file) => file === null).length <= dead;
  return [
    ...modules.map((module) => resultOf(module, stray.includes(module.moduleId))),
    ...(isWhole ? [] : [{ file: OUTSIDE, passed: false, tests: [] }]),
  ];
}

function resultOf(module: TestModule, leftError: boolean): FileResult {
  return {
    file: module.relativeModuleId,
    passed: ENDED.has(module.state()) && module.ok() && !leftError,
    tests: [...module.children.allTests()].map((test) => ({ name: test.fullName, state: test.result().state })),
  };
}

/** Where an error that nobody caught came from. */
function fileOf(error: unknown): string | null {
  const path: unknown = typeof error === 'object' && error !== null && Reflect.get(error, 'VITEST_TEST_PATH');
  return typeof path === 'string' ? path : null;
}

import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `tests run on Node 24, Lambda's runtime, not ${process.versions.node}: use "npm test", which finds the packaged one`,
  );
}

/** Files that take half a minute or more. */
const LONG =
  /(drill\/(scenarios.*|runbook-stories|loads|command)|mysql-9|mariadb-10\.11|servers\/mysql|breakage\/.*|page\/.*|respond|end|watch)\.test\.ts$/;

/** Whatever is begun last is waited for by an idle processor, so it should be short. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['./test/support/progress-reporter.ts'],
    // By default one fewer than there are cores: of two that is one, and most tests wait for servers most of the time.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Nothing takes a third of it where nothing else runs. A machine that is busy must not fail it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // What tests start compiles much of the same code.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache/compile') },
  },
});

import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `tests run on Node 24, Lambda's runtime, not ${process.versions.node}: use "npm test", which finds the packaged one`,
  );
}

/**
 * Files that take half a minute or more, as measured, the longest first. The rest is short enough to be begun in any
 * order.
 */
const LONGEST = [
  'mysql-9',
  'mariadb-10.11',
  'scenarios',
  'scenarios-2-of-3',
  'scenarios-1-of-3',
  'scenarios-3-of-3',
  'runbook-stories',
  'breakage',
  'respond',
  'respond-modes',
  'respond-held-back',
  'end',
  'loads',
  'command',
  'mysql',
  'watch',
  'after-page',
  'limits',
  'approval-page',
  'postgres-15',
  'postgres-16',
  'postgres-17',
  'postgres-18',
];

/** Whatever is begun last is waited for by an idle processor, so it should be short. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const longest = LONGEST.flatMap((name) => sorted.filter((file) => basename(file.moduleId) === `${name}.test.ts`));
    return [...new Set([...longest, ...sorted])];
  }
}

const ALL = ['test/**/*.test.ts'];
const ALONE = ['test/drill/storms.test.ts'];

export default defineConfig({
  // As a user of the package writes it, with no package built.
  resolve: { alias: { '@headroom-rds/headroom': join(import.meta.dirname, 'lib/index.ts') } },
  test: {
    reporters: ['./test/support/progress-reporter.ts'],
    // Most tests wait for servers most of the time.
    maxWorkers: Math.min(2 * availableParallelism(), 12),
    projects: [
      {
        extends: true,
        test: { name: 'side by side', include: ALL, exclude: ALONE },
      },
      {
        extends: true,
        // Beside others the clients of a storm get too little of the processor to look like a storm.
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    // Files share processes, and what these have loaded. A test puts back what it changes.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Nothing takes a third of it where nothing else runs. A machine that is busy must not fail it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // What tests start compiles much of the same code.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache/compile') },
  },
});

import { defineConfig } from 'vitest/config';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  throw new Error(
    `tests run on Node 24, Lambda's runtime, not ${process.versions.node}: use "npm test", which finds the packaged one`,
  );
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // By default one fewer than there are cores: of two that is one, and most tests wait for servers most of the time.
    maxWorkers: 3,
    // Nothing takes that long where nothing else runs. A machine that is busy must not fail it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** What came of one file in one run. */
export interface FileResult {
  /** Its path from the root. */
  readonly file: string;
  /** False too where no test failed: it did not load, did not end, or left an error behind. */
  readonly passed: boolean;
  readonly tests: readonly { readonly name: string; readonly state: 'passed' | 'failed' | 'skipped' | 'pending' }[];
}

export interface Judgement {
  /** Tests that passed, at the latest the second time. */
  readonly passed: number;
  /** Tests that failed both times, and files that failed both times without a test that did. */
  readonly failed: number;
  /** What failed the first time only. */
  readonly flaky: readonly string[];
}

/** Judges all files by a first run and, where they failed in it, by a second. */
export function judge(first: readonly FileResult[], second: readonly FileResult[]): Judgement {
  const again = new Map(second.map((result) => [result.file, result]));
  const last = [...new Map([...first, ...second].map((result) => [result.file, result])).values()];
  return {
    passed: last.reduce((sum, { tests }) => sum + tests.filter(({ state }) => state === 'passed').length, 0),
    failed: last.reduce((sum, result) => sum + failuresOf(result).length, 0),
    flaky: first.flatMap((result) => {
      const then = again.get(result.file);
      return then === undefined ? [] : failuresOf(result).filter((failure) => passes(failure, then));
    }),
  };
}

/** By name: `FILE > TEST`, or the file where none of its tests is to blame. */
function failuresOf({ file, passed, tests }: FileResult): string[] {
  if (passed) return [];
  const failed = tests.filter(({ state }) => state === 'failed').map(({ name }) => nameOf(file, name));
  return failed.length > 0 ? failed : [file];
}

function passes(failure: string, { file, passed, tests }: FileResult): boolean {
  if (failure === file) return passed;
  return tests.some(({ name, state }) => state === 'passed' && nameOf(file, name) === failure);
}

function nameOf(file: string, test: string): string {
  return `${file} > ${test}`;
}

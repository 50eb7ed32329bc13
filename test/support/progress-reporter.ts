import { DefaultReporter, type TestModule, type TestSpecification } from 'vitest/node';

/** Where nothing shows what is running, it is said when nothing else was for so long. */
const QUIET_MS = 20_000;

/** Vitest's own reporter, but each file is a line as it ends, with how many of them have. */
export default class ProgressReporter extends DefaultReporter {
  readonly #running = new Set<string>();
  #files = 0;
  #ended = 0;
  #tests = 0;
  #quiet: NodeJS.Timeout | undefined;

  override onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#files = specifications.length;
    super.onTestRunStart(specifications);
    if (!this.isTTY) this.#quiet = setInterval(() => this.#sayWhatRuns(), QUIET_MS);
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module.relativeModuleId);
  }

  override onTestCaseResult(...args: Parameters<DefaultReporter['onTestCaseResult']>): void {
    this.#tests++;
    super.onTestCaseResult(...args);
  }

  override onTestRunEnd(...args: Parameters<DefaultReporter['onTestRunEnd']>): void {
    clearInterval(this.#quiet);
    super.onTestRunEnd(...args);
  }

  protected override printTestModule(module: TestModule): void {
    this.#running.delete(module.relativeModuleId);
    this.#ended++;
    this.#quiet?.refresh();
    if (this.#files === 1) {
      super.printTestModule(module);
      return;
    }
    const tests = [...module.children.allTests()];
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const mark = this.getStateSymbol(module);
    this.log(`${this.#count()} ${mark} ${module.relativeModuleId} ${tests.length} tests ${seconds} s`);
    for (const test of module.children.allTests('failed')) this.log(`  ${this.getStateSymbol(test)} ${test.fullName}`);
  }

  #sayWhatRuns(): void {
    this.log(`${this.#count()} ${this.#tests} tests so far, running: ${[...this.#running].join(', ')}`);
  }

  #count(): string {
    return `[${String(this.#ended).padStart(String(this.#files).length)}/${this.#files}]`;
  }
}

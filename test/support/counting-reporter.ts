import Mocha, {type MochaOptions, type Runner} from 'mocha';
import {writeFileSync} from 'node:fs';

/** What one run of mocha came to. A failed hook counts as a failed test. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** mocha's spec reporter, which also writes a {@link TestCounts} as JSON to the file `--reporter-option counts=<path>`. */
export default class CountingReporter extends Mocha.reporters.Spec {
  readonly #path: string;

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const {counts} = options.reporterOptions as {counts?: unknown};
    if (typeof counts !== 'string') throw new Error('The counting reporter needs --reporter-option counts=<path>.');
    this.#path = counts;
  }

  /** Called by mocha once all tests have ended. */
  override done(failures: number, fn?: (failures: number) => void): void {
    const {passes, failures: failed, pending} = this.stats;
    writeFileSync(this.#path, JSON.stringify({passed: passes, failed, skipped: pending} satisfies TestCounts));
    fn?.(failures);
  }
}

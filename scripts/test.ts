/**
 * All checks of the project, from set-up to the packed package, and one line of counts at the end.
 *
 *     npm test                      everything
 *     npm test -- --grep optimizer  the same, with mocha's tests narrowed down
 *
 * A check that fails is counted and the next one runs all the same: one run shows everything that is wrong.
 */
import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {type TestCounts} from '../test/support/counting-reporter.js';

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const CHECKS: readonly Check[] = [
  {name: 'toolchain', command: 'bash', args: ['scripts/setup-toolchain.sh']},
  {name: 'native backend', command: 'bash', args: ['scripts/setup-native.sh']},
  {name: 'build', command: 'npm', args: ['run', '-s', 'build']},
  {name: 'types', command: 'tsc', args: ['--noEmit', '-p', '.']},
  {name: 'lint', command: 'eslint', args: ['.', '--max-warnings', '0']},
  {name: 'kernel as committed', command: 'tsx', args: ['scripts/build-kernel.ts', '--check']},
  {name: 'kernel under sanitizers', command: 'bash', args: ['scripts/sanitize.sh']},
];

const root = fileURLToPath(new URL('..', import.meta.url));
const env = {...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`};

/** Seconds since `start`, for people. */
function since(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** Runs a check; prints what it said only where it failed. */
function passes({name, command, args}: Check): boolean {
  const start = performance.now();
  const {status, stdout, stderr, error} = spawnSync(command, args, {cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28});
  const passed = status === 0;
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${since(start)})`);
  if (!passed) console.log(error ? String(error) : `${stdout}${stderr}`.trimEnd());
  return passed;
}

/** Runs mocha with its output shown as it comes. A run that ends without counts, or badly in spite of them, is a failure. */
function runMocha(extra: readonly string[]): TestCounts {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-test-'));
  const counts = join(folder, 'counts.json');
  try {
    const {status} = spawnSync('mocha', [
      'test/**/*.test.ts', '--reporter', 'test/support/counting-reporter.ts', '--reporter-option', `counts=${counts}`, ...extra,
    ], {cwd: root, env, stdio: 'inherit'});
    if (!existsSync(counts)) return {passed: 0, failed: 1, skipped: 0};
    const result = JSON.parse(readFileSync(counts, 'utf8')) as TestCounts;
    const silentlyBad = result.failed === 0 && (status !== 0 || result.passed === 0);
    return silentlyBad ? {...result, failed: 1} : result;
  } finally {
    rmSync(folder, {recursive: true});
  }
}

const start = performance.now();
const results = CHECKS.map(check => ({name: check.name, passed: passes(check)}));
const tests = runMocha(process.argv.slice(2));
const failedChecks = results.filter(({passed}) => !passed);
const passed = results.length - failedChecks.length + tests.passed;
const failed = failedChecks.length + tests.failed;

console.log(`all of it took ${since(start)}`);
for (const {name} of failedChecks) console.log(`failed check: ${name}`);
console.log(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

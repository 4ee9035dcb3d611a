/**
 * Inner steps a second of meta-training by PES, this package's against google/learned_optimization's (JAX), in turn on one core: the
 * digits, MLP 64-32-10, batch 64, as many particles, windows as long, the outer update included. The rules differ: `tensor-lstm` here,
 * a network per parameter (`mlp`) or an LSTM per tensor with a network per parameter (`rnn-mlp`) there, at the library's default sizes. The ratio that
 * counts is that against the faster of theirs. Speeds are per second of CPU time, which on a quiet machine is that of the clock and on
 * a busy one is disturbed less; `wall` has those by the clock. Needs `taskset`, Python 3.9 to 3.12 and its package index for the first
 * run; where they are missing, prints `{"skipped": reason}`. Prints one JSON object.
 *
 *     npm run -s bench:peers:pes
 */
import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {loadDigits} from '../../src/tasks/digits.js';
import {Program} from './pes/program.js';
import {pythonWithLibrary, Unavailable} from './pes/python.js';
import type {Answer, Settings} from './pes/protocol.js';

const CORE = 0, ROUNDS = 7, SECONDS = 2, OURS = 'tensor-lstm';
/** As in the recipes of Celo and μLO, window and pairs included. */
const SETTINGS: Settings = {
  sizes: [64, 32, 10], batchSize: 64, horizon: 200, numPairs: 8, windowSteps: 50, sigma: 0.01, learningRate: 3e-4, rules: ['mlp', 'rnn-mlp'], stackPairs: false,
};
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const cache = here('../../node_modules/.cache/tfjs-l2o-pes');

async function main(): Promise<unknown> {
  requireTaskset();
  const python = await pythonWithLibrary(cache), {features, labels} = loadDigits().train, data = join(cache, 'digits.bin');
  writeFileSync(data, Buffer.concat([Buffer.from(features.buffer), Buffer.from(labels.buffer)]));
  const ours = new Program(CORE, process.execPath, ['--import', 'tsx', here('pes/ours.ts'), JSON.stringify(SETTINGS)]);
  const theirs = new Program(CORE, python, [here('pes.py'), data, JSON.stringify(SETTINGS)]);
  try {
    const versions = {ours: await ours.ready(), theirs: await theirs.ready()}, rounds: Array<Record<string, Answer>> = [];
    for (let i = 0; i < ROUNDS; i++) {
      const round: Record<string, Answer> = {[OURS]: await ours.ask({rule: OURS, seconds: SECONDS})};
      for (const rule of SETTINGS.rules) round[rule] = await theirs.ask({rule, seconds: SECONDS});
      rounds.push(round);
    }
    return {task: 'digits, MLP 64-32-10, PES', ...SETTINGS, versions, ...compare(rounds, 'cpuSeconds'), wall: compare(rounds, 'wallSeconds'), lastLoss: mapValues(rounds.at(-1)!, answer => answer.loss)};
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

/** Medians over the rounds of speeds and of the ratios within a round. */
function compare(rounds: ReadonlyArray<Record<string, Answer>>, time: 'cpuSeconds' | 'wallSeconds'): Record<string, unknown> {
  const speed = (answer: Answer): number => answer.steps / answer[time];
  const over = (f: (round: Record<string, Answer>) => number): number => Number(median(rounds.map(f)).toPrecision(3));
  const names = Object.fromEntries([OURS, ...SETTINGS.rules].map(name => [name, name]));
  const innerStepsPerSecond = mapValues(names, name => over(round => speed(round[name]!)));
  const fastest = SETTINGS.rules.reduce((a, b) => (innerStepsPerSecond[b]! > innerStepsPerSecond[a]! ? b : a));
  const against = (rule: string, round: Record<string, Answer>): number => speed(round[OURS]!) / speed(round[rule]!), ratios = rounds.map(round => against(fastest, round));
  return {
    innerStepsPerSecond, ratio: over(round => against(fastest, round)), ratioRange: [Math.min(...ratios), Math.max(...ratios)].map(r => Number(r.toPrecision(3))),
    ratioOf: Object.fromEntries(SETTINGS.rules.map(rule => [rule, over(round => against(rule, round))])),
  };
}

function requireTaskset(): void {
  try {
    execFileSync('taskset', ['-c', String(CORE), 'true'], {stdio: 'ignore'});
  } catch {
    throw new Unavailable('taskset, which pins programs to a core, is missing or may not be used');
  }
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const mapValues = <A, B>(record: Record<string, A>, f: (value: A) => B): Record<string, B> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));

const result = await main().catch((error: unknown) => {
  if (error instanceof Unavailable) return {skipped: error.message};
  throw error;
});
console.log(JSON.stringify(result, null, 1));

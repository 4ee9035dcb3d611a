/**
 * Inner steps a second of meta-training by PES, this package's against google/learned_optimization's (JAX), in turn on one core: the
 * digits, MLP 64-32-10, batch 64, as many particles, windows as long, the outer update included. The rules differ: `tensor-lstm` here,
 * there a network of 2 × 32 units per parameter, `MLPLOpt` at its default size. (The library's LSTM per tensor, `RNNMLPLOpt`, is nearer to
 * ours, but compiled by these versions of JAX it is NaN from its first step on.)
 *
 * Speeds are per second of CPU time, which on a quiet machine is the clock's and on a busy one is disturbed less; `wall` has those by
 * the clock. Needs `taskset`, Python 3.9 to 3.12 and, for the first run, its packages; where they cannot be had, prints
 * `{"skipped": reason}`. Prints one JSON object.
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

const CORE = 0, ROUNDS = 7, SECONDS = 2;
/** Window, pairs, sigma and learning rate as in Celo's recipe. The library is faster with the particles of a pair one after the other. */
const SETTINGS: Settings = {sizes: [64, 32, 10], batchSize: 64, horizon: 200, numPairs: 8, windowSteps: 50, sigma: 0.01, learningRate: 3e-4, stackPairs: false};
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const cache = here('../../node_modules/.cache/tfjs-l2o-pes');

interface Round {
  readonly ours: Answer;
  readonly theirs: Answer;
}

async function main(): Promise<unknown> {
  requireTaskset();
  const python = await pythonWithLibrary(cache), {features, labels} = loadDigits().train, data = join(cache, 'digits.bin'), settings = JSON.stringify(SETTINGS);
  writeFileSync(data, Buffer.concat([features, labels].map(part => Buffer.from(part.buffer))));
  const ours = new Program(CORE, process.execPath, ['--import', 'tsx', here('pes/ours.ts'), settings]);
  const theirs = new Program(CORE, python, [here('pes.py'), data, settings]);
  try {
    const versions = {ours: await ours.ready(), theirs: await theirs.ready()}, rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push({ours: await ours.ask({seconds: SECONDS}), theirs: await theirs.ask({seconds: SECONDS})});
    for (const round of rounds) if (round.ours.loss === null || round.theirs.loss === null) throw new Error(`a loss is not finite: ${JSON.stringify(round)}`);
    return {task: 'digits, relu, PES', ...SETTINGS, versions, ...compare(rounds, 'cpuSeconds'), wall: compare(rounds, 'wallSeconds')};
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

/** Medians over the rounds of the speeds, and of the ratio within a round. */
function compare(rounds: readonly Round[], time: 'cpuSeconds' | 'wallSeconds'): Record<string, unknown> {
  const speed = (answer: Answer): number => answer.steps / answer[time], round3 = (x: number): number => Number(x.toPrecision(3));
  const median = (values: readonly number[]): number => round3([...values].sort((a, b) => a - b)[values.length >> 1]!);
  const ratios = rounds.map(({ours, theirs}) => speed(ours) / speed(theirs));
  return {
    innerStepsPerSecond: {ours: median(rounds.map(r => speed(r.ours))), theirs: median(rounds.map(r => speed(r.theirs)))},
    ratio: median(ratios), ratioRange: [round3(Math.min(...ratios)), round3(Math.max(...ratios))],
  };
}

function requireTaskset(): void {
  try {
    execFileSync('taskset', ['-c', String(CORE), 'true'], {stdio: 'ignore'});
  } catch {
    throw new Unavailable('taskset, which pins programs to a core, is missing or may not be used');
  }
}

const result = await main().catch((error: unknown) => {
  if (error instanceof Unavailable) return {skipped: error.message};
  throw error;
});
console.log(JSON.stringify(result, null, 1));

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
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {loadDigits} from '../../src/tasks/digits.js';
import {median, toDigits} from '../support/numbers.js';
import {takeTurns} from '../support/turns.js';
import type {Answer, Ask, Settings} from './pes/protocol.js';
import {printResult, Program, requireTaskset} from './program.js';
import {CACHE, LEARNED_OPTIMIZATION, pythonWith} from './python.js';

const ROUNDS = 7, SECONDS = 2;
/** Window, pairs, sigma and learning rate as in Celo's recipe. The library is faster with the particles of a pair one after the other. */
const SETTINGS: Settings = {sizes: [64, 32, 10], batchSize: 64, horizon: 200, numPairs: 8, windowSteps: 50, sigma: 0.01, learningRate: 3e-4, stackPairs: false};
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Round {
  readonly ours: Answer;
  readonly theirs: Answer;
}

async function main(): Promise<unknown> {
  requireTaskset();
  const python = await pythonWith(LEARNED_OPTIMIZATION), {features, labels} = loadDigits().train, data = join(CACHE, 'digits.bin'), settings = JSON.stringify(SETTINGS);
  writeFileSync(data, Buffer.concat([features, labels].map(part => Buffer.from(part.buffer))));
  const ours = new Program<Ask, Answer>(process.execPath, ['--import', 'tsx', here('pes/ours.ts'), settings]);
  const theirs = new Program<Ask, Answer>(python, [here('pes.py'), data, settings]);
  try {
    const versions = {ours: await ours.ready(), theirs: await theirs.ready()};
    const answers = await takeTurns([ours, theirs].map(program => () => program.ask({seconds: SECONDS})), {seconds: 0, minRounds: ROUNDS});
    const rounds = answers[0]!.map((answer, i): Round => ({ours: answer, theirs: answers[1]![i]!}));
    for (const round of rounds) if (round.ours.loss === null || round.theirs.loss === null) throw new Error(`a loss is not finite: ${JSON.stringify(round)}`);
    return {task: 'digits, relu, PES', ...SETTINGS, versions, ...compare(rounds, 'cpuSeconds'), wall: compare(rounds, 'wallSeconds')};
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

/** Medians over the rounds of the speeds, and of the ratio within a round. */
function compare(rounds: readonly Round[], time: 'cpuSeconds' | 'wallSeconds'): Record<string, unknown> {
  const speed = (answer: Answer): number => answer.steps / answer[time];
  const ratios = rounds.map(({ours, theirs}) => speed(ours) / speed(theirs));
  return {
    innerStepsPerSecond: {ours: toDigits(median(rounds.map(r => speed(r.ours))), 3), theirs: toDigits(median(rounds.map(r => speed(r.theirs))), 3)},
    ratio: toDigits(median(ratios), 3), ratioRange: [toDigits(Math.min(...ratios), 3), toDigits(Math.max(...ratios), 3)],
  };
}

await printResult(main());

/**
 * What gradient, trace and largest eigenvalue of the Hessian cost, ours on the node backend against PyTorch's double backward, in turn on
 * one core: an MLP 784-128-10 of random weights, a batch of 128, ten probes of Hutchinson's estimator, ten iterations for the eigenvalue. See
 * docs/peers.md. Both measure the same network; `value` is the mean of what was found.
 *
 * Times are of the CPU; those with `wall` are by the clock. Needs `taskset`, tfjs-node, Python 3.9 to 3.12 and, for the first run, its
 * packages; where they cannot be had, prints `{"skipped": reason}`. Prints one JSON object.
 *
 *     npm run -s bench:peers:flatness [-- --seconds 0.5] [--rounds 9] [--out docs/results/peers-flatness.json]
 */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {Random} from '../../src/random.js';
import {numberGiven} from '../support/args.js';
import {toDigits} from '../support/numbers.js';
import {takeTurns} from '../support/turns.js';
import {sizeOf, type FlatnessSettings} from './flatness/settings.js';
import {pairCosts, type CpuOrWall} from './pair-costs.js';
import {printResult, Program, requireTaskset} from './program.js';
import type {FlatnessAsk, FlatnessCosts, FlatnessFound, FlatnessRow, Timing} from './protocol.js';
import {CACHE, pythonWith, TORCH} from './python.js';

const SETTINGS: FlatnessSettings = {sizes: [784, 128, 10], batchSize: 128, numProbes: 10};
/** PyTorch has no differences: it is measured by double backward each time. */
const MEASURES = ['gradient', 'trace, exact', 'trace, by differences', 'eigenvalue, exact', 'eigenvalue, by differences'] as const;

const {values} = parseArgs({options: {seconds: {type: 'string', default: '0.5'}, rounds: {type: 'string', default: '9'}, out: {type: 'string'}}});
const seconds = numberGiven('seconds', values.seconds), rounds = numberGiven('rounds', values.rounds);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

type Answer = Timing & FlatnessFound;
type Measurer = Program<FlatnessAsk & {readonly seconds: number}, Answer>;

async function main(): Promise<unknown> {
  requireTaskset();
  const torch = await pythonWith(TORCH), data = join(CACHE, 'flatness.bin'), settings = JSON.stringify(SETTINGS);
  mkdirSync(CACHE, {recursive: true});
  writeFileSync(data, new Uint8Array(makeData().buffer));
  const ours: Measurer = new Program(process.execPath, ['--import', 'tsx', here('flatness/ours.ts'), data, settings]);
  const theirs: Measurer = new Program(torch, [here('flatness.py'), data, settings]);
  try {
    const versions = {...await ours.ready(), ...await theirs.ready()}, rows: FlatnessRow[] = [];
    for (const measure of MEASURES) rows.push(await compare(ours, theirs, measure));
    return {versions, ...SETTINGS, seconds, rounds, rows};
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}

/** Weights, inputs and one-hot targets, one after the other. */
function makeData(): Float32Array {
  const {sizes: [inputs, hidden, outputs], batchSize} = SETTINGS, random = new Random(1);
  const targets = new Float32Array(sizeOf([batchSize, outputs]));
  for (let i = 0; i < batchSize; i++) targets[i * outputs + random.integer(outputs)] = 1;
  const parts = [
    random.normals(sizeOf([inputs, hidden]), Math.sqrt(2 / inputs)), new Float32Array(hidden), random.normals(sizeOf([hidden, outputs]), Math.sqrt(1 / hidden)),
    new Float32Array(outputs), random.normals(sizeOf([batchSize, inputs])), targets,
  ];
  return Float32Array.from(parts.flatMap(part => [...part]));
}

async function compare(ours: Measurer, theirs: Measurer, measure: string): Promise<FlatnessRow> {
  const ask = {measure, seconds};
  const [own, other] = await takeTurns([() => ours.ask(ask), () => theirs.ask(ask)], {seconds: 0, minRounds: rounds, warmUpRounds: 1}) as [Answer[], Answer[]];
  const of = (time: CpuOrWall): FlatnessCosts => {
    const {one: ms, other: torchMs, ratio} = pairCosts(own, other, time, 1000);
    return {ms, torchMs, ratio};
  };
  const value = (answers: readonly Answer[]): number => toDigits(answers.at(-1)!.value, 4);
  return {measure, ...of('cpuSeconds'), value: value(own), torchValue: value(other), wall: of('wallSeconds')};
}

await printResult(main(), values.out);

/**
 * What one optimizer step costs, ours on the wasm backend against torch.optim.Adam, PyLO's and google/learned_optimization's rules, in
 * turn on one core: a peer, ours, a peer, ours. See docs/peers.md.
 *
 * Times are of the CPU, which on a quiet machine is the clock's and on a busy one is disturbed less; those with `wall` are by the clock.
 * Needs `taskset`, Python 3.9 to 3.12 and, for the first run, its packages, and PyLO as `step/pylo.ts` says. What cannot be had is
 * listed under `skipped`. Prints one JSON object.
 *
 *     npm run -s bench:peers:step [-- --size 1000000x1] [--seconds 0.5] [--rounds 5] [--out docs/results/peers-step.json]
 */
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {namesGiven, numberGiven} from '../support/args.js';
import {takeTurns} from '../support/turns.js';
import {pairCosts, type CpuOrWall} from './pair-costs.js';
import {printResult, Program, requireTaskset} from './program.js';
import type {StepAsk, StepCosts, StepFound, StepRow, Timing} from './protocol.js';
import {LEARNED_OPTIMIZATION, pythonWith, TORCH, Unavailable} from './python.js';
import {pyloFolder} from './step/pylo.js';

/** Variables, as matrices, which is what most parameters are in; how many of them; and which peers are too slow or too large there. */
const SIZES = {
  '10000x1': {shape: [100, 100], numVariables: 1, left: []},
  '100000x1': {shape: [250, 400], numVariables: 1, left: []},
  '1000000x1': {shape: [1000, 1000], numVariables: 1, left: []},
  // The learned peers hold a row of some 40 features for each parameter there, 1.6 GB, more than once.
  '10000000x1': {shape: [2500, 4000], numVariables: 1, left: ['PyLO', 'small_fc', 'mlp']},
  // JAX compiles learned_optimization's for 50 variables in many minutes: each variable is code of its own.
  '100000x50': {shape: [40, 50], numVariables: 50, left: ['learned_optimization small_fc', 'learned_optimization mlp']},
} as const;
type SizeName = keyof typeof SIZES;

const {values} = parseArgs({options: {
  size: {type: 'string', multiple: true}, seconds: {type: 'string', default: '0.5'}, rounds: {type: 'string', default: '5'}, out: {type: 'string'},
}});
const sizes = namesGiven('size', values.size, Object.keys(SIZES) as SizeName[]);
const seconds = numberGiven('seconds', values.seconds), rounds = numberGiven('rounds', values.rounds);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
type Answer = Timing & StepFound;
type Stepper = Program<StepAsk & {readonly seconds: number}, Answer>;

async function main(): Promise<unknown> {
  requireTaskset();
  const skipped: string[] = [], peers: Stepper[] = [];
  /** What `get` gives, unless it cannot be had. */
  const tryFor = async <T>(what: string, get: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await get();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      skipped.push(`${what}: ${error.message}`);
      return undefined;
    }
  };
  const torch = await tryFor('torch and PyLO', () => pythonWith(TORCH)), jax = await tryFor('learned_optimization', () => pythonWith(LEARNED_OPTIMIZATION));
  const pylo = torch === undefined ? undefined : await tryFor('PyLO', pyloFolder);
  const ours: Stepper = new Program(process.execPath, ['--import', 'tsx', here('step/ours.ts')]);
  if (torch !== undefined) peers.push(new Program(torch, [here('step_torch.py'), ...(pylo === undefined ? [] : [pylo])]));
  if (jax !== undefined) peers.push(new Program(jax, [here('step_jax.py')]));
  try {
    const {rules: _, ...versions} = await ours.ready(), abouts = await Promise.all(peers.map(peer => peer.ready())), rows: StepRow[] = [];
    for (const size of sizes) {
      for (const [i, peer] of peers.entries()) {
        for (const rule of abouts[i]!.rules as string[]) {
          if (!SIZES[size].left.some(part => rule.includes(part))) rows.push(await compare(ours, peer, rule, size));
        }
      }
    }
    abouts.forEach(({rules: _rules, ...about}) => Object.assign(versions, about));
    return {versions, seconds, rounds, ...(skipped.length > 0 && {skipped}), rows};
  } finally {
    await Promise.all([ours, ...peers].map(program => program.stop()));
  }
}

async function compare(ours: Stepper, peer: Stepper, rule: string, size: SizeName): Promise<StepRow> {
  const {shape, numVariables} = SIZES[size], ask = {rule, shape, numVariables, seconds}, numParams = numVariables * shape[0] * shape[1];
  const [theirs, own] = await takeTurns([() => peer.ask(ask), () => ours.ask({...ask, rule: 'tensor-lstm'})], {seconds: 0, minRounds: rounds, warmUpRounds: 1}) as [Answer[], Answer[]];
  if (![...theirs, ...own].every(answer => answer.finite)) throw new Error(`${rule}: not all parameters are finite after steps of ${size}`);
  const scale = 1e9 / numParams, of = (time: CpuOrWall): StepCosts => {
    const {one: nsPerParam, other: oursNsPerParam, ratio} = pairCosts(theirs, own, time, scale);
    return {nsPerParam, oursNsPerParam, ratio};
  };
  return {peer: rule, numParams, numVariables, ...of('cpuSeconds'), wall: of('wallSeconds')};
}

await printResult(main(), values.out);

/**
 * Refines the theta of `tensor-lstm` in a few dozen directions that mean something (recipes/refine/directions.ts), by CMA-ES on duels
 * with tuned Adam over fresh tasks of the recipe's family: lower training loss than Adam with a cosine schedule, and lower validation
 * loss than Adam. Meta-training sees training losses alone, and its gradients hardly reach the few weights that matter here.
 *
 *     npx tsx recipes/refine/readouts.ts                              once, before the first generation
 *     npx tsx recipes/tensor-lstm-refine.ts [--generations 40] [--workers 2]
 *
 * It goes on from weights/tensor-lstm/refinement.json, where each generation leaves its state and the theta that all directions are added to.
 * `--take SHARE` makes the theta that ships: the start, moved by this share of the way to the mean so far, as the suite `validation` advises. It
 * stands in theta.bin, and in the checkpoint, where meta-training goes on from.
 */
import {existsSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {writeFileAtomically} from '../src/cli/atomic-file.js';
import {Random} from '../src/random.js';
import {initialCmaState, nextCmaState, samplesOf, type CmaState} from './refine/cma-es.js';
import {moved, savedDirections} from './refine/directions.js';
import {DuelPool} from './refine/duel-pool.js';
import {meanScore, type DuelResult} from './refine/duels.js';
import {readBestTheta, readCheckpoint, saveBestTheta, saveCheckpoint} from './tensor-lstm-checkpoint.js';

const TOLD = ['right', 'none', 'half', 'double'] as const;
const SEED = 4711, NUM_DUELS = 1400, DUELS_A_GENERATION = 200, SAMPLES = 12, SIGMA = 0.25;
const FILE = fileURLToPath(new URL('../weights/tensor-lstm/refinement.json', import.meta.url));

interface Refinement {
  /** Theta before it, float32 in base64. */
  readonly start: string;
  readonly state: CmaState;
}

const {values: {generations, workers, take}} = parseArgs({options: {
  generations: {type: 'string', default: '40'}, workers: {type: 'string', default: '2'}, take: {type: 'string'},
}});
const along = savedDirections();

function begin(): Refinement {
  const theta = readBestTheta();
  return {start: Buffer.from(theta.buffer, theta.byteOffset, theta.byteLength).toString('base64'), state: initialCmaState(along.map(() => 0), SIGMA)};
}

function share(results: readonly DuelResult[], of: (result: DuelResult) => boolean): string {
  return (results.filter(of).length / results.length).toFixed(2);
}

const refinement = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) as Refinement : begin(), {start} = refinement;
let {state} = refinement;
const bytes = Buffer.from(start, 'base64'), base = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

if (take !== undefined) {
  const checkpoint = readCheckpoint(), theta = moved(base, along, state.mean.map(amount => Number(take) * amount));
  if (checkpoint === undefined) throw new Error('expected a checkpoint in weights/tensor-lstm; train first: npx tsx recipes/tensor-lstm.ts');
  saveCheckpoint({state: {...checkpoint.state, theta}, average: theta, best: 'refined'});
  saveBestTheta(theta);
} else {
  const pool = await DuelPool.open(SEED, NUM_DUELS, Number(workers)), last = state.generation + Number(generations), numBlocks = NUM_DUELS / DUELS_A_GENERATION;
  while (state.generation < last) {
    const block = state.generation % numBlocks, range = [block * DUELS_A_GENERATION, (block + 1) * DUELS_A_GENERATION] as const;
    const ours = await pool.judge(moved(base, along, state.mean), range), scored: Array<{readonly sample: number[]; readonly score: number}> = [];
    for (const sample of samplesOf(state, SAMPLES, new Random(SEED).fork(`generation ${state.generation}`))) {
      scored.push({sample, score: meanScore(await pool.judge(moved(base, along, sample), range))});
    }
    scored.sort((a, b) => b.score - a.score);
    console.log(`generation ${state.generation}: score ${meanScore(ours).toFixed(3)}, lower training loss ${share(ours, r => r.train >= 0)}, ` +
      `by what it is told ${TOLD.map(told => `${told} ${share(ours.filter(r => r.told === told), r => r.train >= 0)}`).join(', ')}; ` +
      `validation loss no worse ${share(ours, r => r.validation >= -0.02)}, diverged ${share(ours, r => r.diverged)}, sigma ${state.sigma.toFixed(3)}`);
    state = nextCmaState(state, scored.map(({sample}) => sample));
    writeFileAtomically(FILE, `${JSON.stringify({start, state} satisfies Refinement)}\n`);
  }
  pool.close();
}

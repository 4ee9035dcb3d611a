/** Two valleys in meta-training: the share of runs that end in the wide one under rules that `metaFit` trained plain and with a penalty. */
import type {FlatnessMeasure} from '../../src/flatness/measure-options.js';
import {norm} from '../../src/flatness/vectors.js';
import {sampleTask} from '../../src/meta/ops-pair.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import {Random} from '../../src/random.js';
import {tInterval, type Estimate} from '../../src/report/statistics.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import type {RuleName} from '../../src/rules/registry.js';
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {sampleTwoValleys, twoValleyFamily, valleyOf} from '../../src/tasks/families/two-valley.js';
import {decodeTheta, encodeTheta, makeTheta, type Theta} from '../../src/theta/theta-file.js';
import {trainingKey, type Records} from '../l2o-entropy/records.js';
import {pairedDifference, type PairedDifference} from '../l2o-entropy/statistics.js';

/** The optimizer sees a tenth of all distances: RNNProp's steps of at most 0.01 could not leave a valley in 100 otherwise. */
const SCALE = 10, FAMILY = reparametrised({range: [SCALE, SCALE]})(twoValleyFamily());
const NUM_STEPS = 100;

/** Penalties and the strengths to choose from. In the coordinates that the optimizer sees curvature is SCALE² as large: γ = 1000 is a perturbation of 0.32. */
const PENALTIES = {
  localEntropy: {options: {measure: 'localEntropy', gamma: 10 * SCALE ** 2, samples: 8, scaling: 'plain'}, strengths: [0.6, 2, 6, 20]},
  hessian: {options: {measure: 'hessianNorm', norm: 'frobenius', samples: 4, scaling: 'plain'}, strengths: [0.0003, 0.001, 0.003, 0.01]},
} as const satisfies Record<string, {readonly options: FlatnessMeasure; readonly strengths: readonly number[]}>;
type Penalty = keyof typeof PENALTIES;

/** How much of it. */
export interface TwoValleyPlan {
  readonly tuningSeeds: readonly number[];
  readonly metaSeeds: readonly number[];
  /** Outer steps of the common start, and of the twins after it. */
  readonly startSteps: number;
  readonly outerSteps: number;
  /** Runs that a theta is judged by. */
  readonly numRuns: number;
}

type Training = Omit<MetaFitOptions, 'tasks'>;
const COMMON: Training = {numPairs: 4, windowSteps: 25, horizons: [NUM_STEPS, NUM_STEPS], keep: 'last', numHeldOut: 1, sigma: 0.05, maxDifference: 10};
/** Outer rates: weights of the rules are of different sizes. */
const RATES: Readonly<Record<RuleName, number>> = {'tensor-lstm': 0.02, 'lstm-dm': 0.01, rnnprop: 0.01, scale: 0.005};

/** The share of one theta's runs that end in the wide valley, and the median of their last losses. */
export interface Ends {
  readonly wideShare: number;
  /** The share that ends within half the minima's distance of the wide one: what has run away counts as in the wide valley's basin, but not here. */
  readonly settledShare: number;
  readonly medianLoss: number;
}

/** Twins at one strength of a penalty, beside their plain ones. */
export interface TwoValleyTwins extends Ends {
  readonly strength: number;
  /** Of `wideShare`. */
  readonly difference: PairedDifference & {readonly numMetaSeeds: number; readonly numRuns: number};
  readonly settledDifference: PairedDifference;
}

/** What is reported of a penalty: its tuned strength, and how it was found; and the strongest one. */
export interface TwoValleyRow extends TwoValleyTwins {
  readonly tuning: ReadonlyArray<{readonly strength: number; readonly wideShare: number; readonly settledShare: number}>;
  readonly strongest: TwoValleyTwins;
}

/** One rule: strengths by the settled share at the tuning seeds (the weaker of two that are level), then twins at the others. */
export async function twoValleyRule(records: Records, rule: RuleName, plan: TwoValleyPlan, onDone: (what: string) => void): Promise<object> {
  const ends = async (seed: number, penalty?: Penalty, strength = 0): Promise<Ends> => {
    const found = await endsOf(records, rule, seed, plan, penalty && {...PENALTIES[penalty].options, strength});
    onDone(`${rule}, seed ${seed}, ${penalty === undefined ? 'plain' : `${penalty} ${strength}`}: ${found.wideShare}`);
    return found;
  };
  const all = async (seeds: readonly number[], penalty?: Penalty, strength?: number): Promise<Ends[]> => {
    const found: Ends[] = [];
    for (const seed of seeds) found.push(await ends(seed, penalty, strength));
    return found;
  };
  const plain = await all(plan.metaSeeds), rows: Partial<Record<Penalty, TwoValleyRow>> = {};
  const twins = async (penalty: Penalty, strength: number): Promise<TwoValleyTwins> => {
    const treated = await all(plan.metaSeeds, penalty, strength);
    const difference = (of: (e: Ends) => number): PairedDifference => pairedDifference(treated.map(of), plain.map(of), new Random(0).fork(`${rule} ${penalty}`));
    return {
      ...mean(treated), strength, difference: {...difference(e => e.wideShare), numMetaSeeds: plan.metaSeeds.length, numRuns: plan.numRuns},
      settledDifference: difference(e => e.settledShare),
    };
  };
  for (const penalty of Object.keys(PENALTIES) as Penalty[]) {
    const tuning: Array<TwoValleyRow['tuning'][number]> = [];
    for (const strength of PENALTIES[penalty].strengths) {
      const {wideShare, settledShare} = mean(await all(plan.tuningSeeds, penalty, strength));
      tuning.push({strength, wideShare, settledShare});
    }
    const {strength} = tuning.reduce((best, score) => (score.settledShare > best.settledShare ? score : best));
    rows[penalty] = {...await twins(penalty, strength), tuning, strongest: await twins(penalty, tuning.at(-1)!.strength)};
  }
  return {plain: {...mean(plain), interval: tInterval(plain.map(e => e.wideShare)) satisfies Estimate}, ...rows};
}

function mean(ends: readonly Ends[]): Ends {
  const of = (f: (e: Ends) => number): number => ends.reduce((sum, e) => sum + f(e), 0) / ends.length;
  return {wideShare: of(e => e.wideShare), settledShare: of(e => e.settledShare), medianLoss: of(e => e.medianLoss)};
}

async function endsOf(records: Records, rule: RuleName, seed: number, plan: TwoValleyPlan, regularizer: Training['regularizer']): Promise<Ends> {
  const base: Training = {...COMMON, rule, learningRate: RATES[rule]};
  const start = await thetaOf(records, `${rule}-start-${seed}`, {
    ...base, seed, initialTheta: 'untrained', numOuterSteps: plan.startSteps, validateEvery: plan.startSteps,
    ...(rule !== 'tensor-lstm' && {imitation: {weight: 0.3, over: 0.4, teacherLearningRate: 0.01}}),
  });
  const name = `${rule}-${seed}`, theta = await thetaOf(records, name, {
    ...base, seed: 1000 + seed, initialTheta: start, numOuterSteps: plan.outerSteps, validateEvery: plan.outerSteps, ...(regularizer !== undefined && {regularizer}),
  });
  const key = {theta: theta.hash, numRuns: plan.numRuns, steps: NUM_STEPS, settled: true}, known = records.read(name, key) as Ends | undefined;
  if (known !== undefined) return known;
  const ends = runAll(theta, plan.numRuns);
  records.write(name, key, ends);
  return ends;
}

async function thetaOf(records: Records, name: string, options: Training): Promise<Theta> {
  const key = trainingKey(options, FAMILY.name), known = records.read(name, key) as {theta: string} | undefined;
  if (known !== undefined) return decodeTheta(new Uint8Array(Buffer.from(known.theta, 'base64'))).theta;
  const {theta: {values}} = await metaFit({...options, tasks: FAMILY}), theta = makeTheta(values, options.rule);
  records.write(name, key, {theta: Buffer.from(encodeTheta(theta)).toString('base64')});
  return theta;
}

/** Runs from starts that no training has seen, the same for every theta. */
function runAll({rule, values}: Theta, numRuns: number): Ends {
  const losses: number[] = [], seeds = new Random(2_000_000);
  let numWide = 0, numSettled = 0;
  for (let run = 0; run < numRuns; run++) {
    const {seed} = seeds.fork(run), problem = sampleTwoValleys(new Random(seed)), origin = {family: FAMILY.name, module: undefined, seed};
    const rollout = openRollout(sampleTask({family: FAMILY, module: undefined}, seed), origin, {rule, learningRate: 1, horizon: 0, hasLoss: true});
    try {
      rollout.setTheta(values);
      rollout.run(NUM_STEPS, new Float32Array(NUM_STEPS));
      const end = rollout.probe().parameters().map(q => SCALE * q), {wide, sharp} = problem;
      if (valleyOf(problem, end) === 'wide') numWide++;
      if (distanceOf(end, wide) < distanceOf(sharp, wide) / 2) numSettled++;
      losses.push(rollout.evaluate('train', 1).loss);
    } finally {
      rollout.dispose();
    }
  }
  return {wideShare: numWide / numRuns, settledShare: numSettled / numRuns, medianLoss: losses.sort((a, b) => a - b)[numRuns >> 1]!};
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  return norm(a.map((x, i) => x - b[i]!));
}

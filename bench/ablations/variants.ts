import type {GrowingCurriculum} from '../../src/meta/curriculum.js';
import type {Imitation} from '../../src/meta/imitation.js';
import type {FlatnessPlan} from '../../src/meta/window-flatness.js';
import type {Random} from '../../src/random.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {GLOBAL_FEATURES, NUM_HIDDEN, NUM_INPUTS, TENSOR_FEATURES, thetaEntry} from '../../src/rules/tensor-lstm/spec.js';
import {RECIPE} from '../../recipes/tensor-lstm-config.js';

/** A twin of the recipe with one thing changed. */
export interface Variant {
  readonly name: string;
  /** What is changed, for the table. */
  readonly change: string;
  /** Module that exports `sampleTask`. Default: the recipe's. */
  readonly family?: URL;
  /** Whether steps are relative to each tensor's RMS. Default true. */
  readonly parameterScale?: false;
  /** Weights to start from. */
  readonly start: (random: Random) => Float32Array;
  /** Places of weights that stay as they start. Default: none. */
  readonly frozen?: readonly number[];
  /** Joins the objective, with a weight that falls over the twin's outer steps. Default: none. */
  readonly imitation?: Imitation;
  /** Joins the objective. Default: none. */
  readonly flatness?: FlatnessPlan;
  /** How horizons grow over the twin's outer steps. Default: all of the recipe's from the start. */
  readonly curriculum?: GrowingCurriculum;
}

const INPUTS: readonly string[] = [...GLOBAL_FEATURES, ...TENSOR_FEATURES];
const LOSS_FEATURES = GLOBAL_FEATURES.slice(GLOBAL_FEATURES.indexOf('hasLoss')), TIME_FEATURES = GLOBAL_FEATURES.slice(0, GLOBAL_FEATURES.indexOf('hasLoss'));
const NUM_GATES = 4 * NUM_HIDDEN, FORGET_GATE = NUM_HIDDEN;
/** With it as bias the forget gate is 1e-8: a cell keeps nothing of its last step. */
const FORGETS = -20;

function start(random: Random, changes: Parameters<typeof initialTheta>[1] = {}): Float32Array {
  return initialTheta(random, {step: RECIPE.initialStep, guard: RECIPE.initialGuard, cooldown: 1, decay: 1, ...changes});
}

/** Places of the weights of all gates from some rows of the gates' kernel on. */
function rowsOfGates(first: number, count: number): number[] {
  const {offset} = thetaEntry('gateKernel');
  return Array.from({length: count * NUM_GATES}, (_, i) => offset + first * NUM_GATES + i);
}

/** The LSTM's inputs of these names are not read. */
function withoutInputs(names: readonly string[]): Pick<Variant, 'start' | 'frozen'> {
  const places = names.flatMap(name => rowsOfGates(INPUTS.indexOf(name), 1));
  return held(places, 0);
}

/** Weights that are `value`, and stay so. */
function held(places: readonly number[], value: number): Pick<Variant, 'start' | 'frozen'> {
  return {
    frozen: places,
    start: random => {
      const theta = start(random);
      for (const place of places) theta[place] = value;
      return theta;
    },
  };
}

/** No state from step to step: neither the last outputs are read, nor is anything of the cell kept. */
function withoutMemory(): Pick<Variant, 'start' | 'frozen'> {
  const kernel = thetaEntry('gateKernel'), bias = thetaEntry('gateBias').offset + FORGET_GATE;
  const columns = Array.from({length: (NUM_INPUTS + NUM_HIDDEN) * NUM_HIDDEN}, (_, i) =>
    kernel.offset + Math.floor(i / NUM_HIDDEN) * NUM_GATES + FORGET_GATE + i % NUM_HIDDEN);
  const zeros = held([...new Set([...rowsOfGates(NUM_INPUTS, NUM_HIDDEN), ...columns])], 0), biases = Array.from({length: NUM_HIDDEN}, (_, i) => bias + i);
  return {frozen: [...zeros.frozen!, ...biases], start: random => zeros.start(random).fill(FORGETS, bias, bias + NUM_HIDDEN)};
}

/** Both networks' last layers are drawn like all others, so that the rule starts with steps of its own. */
function randomHeads(random: Random): Float32Array {
  const theta = start(random);
  for (const name of ['outputKernel', 'headKernel']) {
    const {offset, size, shape} = thetaEntry(name);
    theta.set(random.fork(name).normals(size, shape[0]! ** -0.5), offset);
  }
  return theta;
}

/** A rate at which Adam's first steps on small networks are as large as the recipe's. */
const IMITATION: Imitation = {weight: 0.1, over: 0.3, teacherLearningRate: 3e-3};
/** Penalties at the end of each window; median over the recipe's tasks 0.05 to 0.1, where the log loss is some −3. */
const LOCAL_ENTROPY: FlatnessPlan = {config: {measure: 'localEntropy', gamma: 9, samples: 4, strength: 1}, at: [1]};
const HESSIAN: FlatnessPlan = {config: {measure: 'hessianNorm', norm: 'frobenius', strength: 0.1}, at: [1]};

/** All twins, the recipe itself first: what it has, taken away, then what it has not, added. */
export const VARIANTS: readonly Variant[] = [
  {name: 'recipe', change: 'nothing: the recipe', start},
  {name: 'no-augmentation', change: 'tasks are not reparametrised', start, family: new URL('./plain-family.ts', import.meta.url)},
  {name: 'no-memory', change: 'no LSTM: its state is forgotten at each step', ...withoutMemory()},
  {name: 'random-heads', change: 'no Adam start: random last layers', start: randomHeads},
  {name: 'no-loss-features', change: 'no loss features', ...withoutInputs(LOSS_FEATURES)},
  {name: 'no-time-features', change: 'no time features', ...withoutInputs(TIME_FEATURES)},
  {name: 'no-tensor-features', change: 'no statistics of tensors', ...withoutInputs(TENSOR_FEATURES)},
  {name: 'no-features', change: 'no features at all', ...withoutInputs(INPUTS)},
  {
    name: 'no-pace', change: 'no cooldown, no decay: exponents stay 0', frozen: [thetaEntry('cooldown').offset, thetaEntry('decay').offset],
    start: random => start(random, {cooldown: 0, decay: 0}),
  },
  {name: 'no-guard', change: 'no divergence guard', ...held([thetaEntry('guard').offset], 0)},
  // Kernels of small networks have an RMS of 0.1 to 0.2: the first steps are as large as the recipe's.
  {
    name: 'no-parameter-scale', change: 'steps not relative to the weights', parameterScale: false, family: new URL('./unscaled-family.ts', import.meta.url),
    start: random => start(random, {step: RECIPE.initialStep / 7}),
  },
  {name: 'imitation', change: 'with imitation of Adam early on', start, imitation: IMITATION},
  {name: 'imitation-random-heads', change: 'random last layers, with imitation of Adam early on', start: randomHeads, imitation: IMITATION},
  {name: 'local-entropy', change: 'with a penalty on local entropy', start, flatness: LOCAL_ENTROPY},
  {name: 'hessian', change: 'with a penalty on the Hessian', start, flatness: HESSIAN},
  {name: 'curriculum', change: 'with horizons that grow over the first half', start, curriculum: {from: [20, 200], over: 0.5}},
];

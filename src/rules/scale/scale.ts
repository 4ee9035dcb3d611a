import * as tf from '@tensorflow/tfjs-core';
import {addStep} from '../add-step.js';
import type {Rule, RuleVariable, State, SteppedVariable} from '../rule.js';
import {clipStraightThrough} from '../safe-ops.js';
import {cloneState, stepActive} from '../step-active.js';
import type {Weights} from '../theta-spec.js';
import {type Features, scaleFeatures} from './features.js';
import {stepGru} from './gru-cell.js';
import {initialLogRates} from './initial-log-rates.js';
import {
  CONSTANTS, NUM_TIMESCALES, RULE_NAME, RULE_VERSION, type ScaleShared, type ScaleSlot, type ScaleWeight, SPEC, STATE, UNITS,
} from './spec.js';

/** Readouts of a parameter's state, one row each. */
const READOUTS = ['directionKernel', 'scaleDecayKernel', 'inputDecayKernel', 'rateKernel'] as const;

/** What the higher levels add to the gates of the lower ones. */
interface Links {
  /** From the tensors to their parameters, `[3 · UNITS.parameter, tensors]`. */
  readonly tensorToParameter: tf.Tensor2D;
  /** `[3 · UNITS.parameter, 1]`. */
  readonly globalToParameter: tf.Tensor2D;
  /** `[3 · UNITS.tensor, 1]`. */
  readonly globalToTensor: tf.Tensor2D;
}

function readLinks(weights: Weights<ScaleWeight>, tensorStates: tf.Tensor2D, globalState: tf.Tensor2D): Links {
  const link = (name: keyof Links, states: tf.Tensor2D): tf.Tensor2D =>
    tf.add<tf.Tensor2D>(tf.matMul(weights.transposed(`${name}Kernel`), states), tf.reshape(weights.array(`${name}Bias`), [-1, 1]));
  return {
    tensorToParameter: link('tensorToParameter', tensorStates),
    globalToParameter: link('globalToParameter', globalState),
    globalToTensor: link('globalToTensor', globalState),
  };
}

/** Mean log rate over the parameters of all variables. */
function meanLogRate(variables: ReadonlyArray<RuleVariable<ScaleSlot>>): tf.Scalar {
  const count = variables.reduce((sum, {parameter}) => sum + parameter.size, 0);
  return tf.div(tf.addN(variables.map(({slots}) => tf.sum(slots.logRate))), count);
}

/** The update that a variable's parameters read out of their new state. */
function readOut(
  weights: Weights<ScaleWeight>, {scaled}: Features, state: tf.Tensor2D, logRate: tf.Tensor, learningRate: number,
): {step: tf.Tensor1D; rate: tf.Tensor1D; slots: State<'scaleDecay' | 'inputDecay' | 'logRate'>} {
  const {EPSILON_ROOT, LOG_RATE_LIMIT} = CONSTANTS;
  const kernels = tf.stack(READOUTS.map(name => weights.array(name))) as tf.Tensor2D; // [READOUTS, UNITS.parameter]
  const [straight, scaleDecay, inputDecay, change] = tf.unstack(tf.matMul(kernels, state)) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const shortcut = tf.matMul(tf.reshape(weights.array('directionShortcut'), [1, NUM_TIMESCALES]), scaled);
  const raw = tf.add<tf.Tensor1D>(straight, tf.reshape(shortcut, [-1]));
  const direction = tf.div<tf.Tensor1D>(raw, tf.sqrt(tf.add(tf.mean(tf.square(raw)), EPSILON_ROOT)));

  const proposed = tf.add<tf.Tensor1D>(logRate, tf.add(change, weights.array('rateBias')));
  const stepLogRate = clipStraightThrough(proposed, -LOG_RATE_LIMIT, LOG_RATE_LIMIT);
  const momentum = tf.sigmoid(weights.array('rateMomentum'));
  const rate = tf.mul<tf.Tensor1D>(tf.exp(tf.add<tf.Tensor1D>(stepLogRate, weights.array('rateOffset'))), learningRate);
  return {
    step: tf.neg(tf.mul<tf.Tensor1D>(rate, direction)),
    rate,
    slots: {
      scaleDecay: tf.sigmoid(tf.add(scaleDecay, weights.array('scaleDecayBias'))),
      inputDecay: tf.sigmoid(tf.add(inputDecay, weights.array('inputDecayBias'))),
      logRate: tf.add(stepLogRate, tf.mul(momentum, tf.sub(logRate, stepLogRate))),
    },
  };
}

function stepAll(
  weights: Weights<ScaleWeight>, variables: ReadonlyArray<RuleVariable<ScaleSlot>>, oldGlobal: tf.Tensor, learningRate: number,
): {variables: Array<SteppedVariable<ScaleSlot>>; globalState: tf.Tensor} {
  const oldTensors = tf.stack(variables.map(({slots}) => slots.tensorState), 1) as tf.Tensor2D; // [UNITS.tensor, tensors]
  const globalColumn = tf.reshape<tf.Rank.R2>(oldGlobal, [UNITS.global, 1]);
  const links = readLinks(weights, oldTensors, globalColumn), mean = meanLogRate(variables);

  const stepped = variables.map((variable, i) => {
    const {gradient, slots} = variable;
    const flat = tf.reshape<tf.Rank.R1>(gradient, [gradient.size]);
    const features = scaleFeatures({...slots, gradient: flat, relativeLogRate: tf.sub<tf.Tensor1D>(slots.logRate, mean)});
    const bias = tf.add<tf.Tensor2D>(tf.slice(links.tensorToParameter, [0, i], [3 * UNITS.parameter, 1]), links.globalToParameter);
    const state = stepGru(weights, 'parameter', features.features, slots.parameterState as tf.Tensor2D, bias);
    const update = readOut(weights, features, state, slots.logRate, learningRate);
    return {
      parameter: addStep(variable, update.step, update.rate),
      slots: {...update.slots, parameterState: state, averages: features.averages, meanSquares: features.meanSquares},
      summary: tf.mean(tf.concat([state, features.features], 0), 1), // [UNITS.parameter + NUM_FEATURES]
    };
  });

  const summaries = tf.stack(stepped.map(({summary}) => summary), 1) as tf.Tensor2D; // one column a tensor
  const tensors = stepGru(weights, 'tensor', summaries, oldTensors, links.globalToTensor);
  const global = stepGru(weights, 'global', tf.mean<tf.Tensor2D>(tensors, 1, true), globalColumn);
  // Not tf.unstack: its gradient fails where there is one tensor alone.
  const stateOf = (i: number): tf.Tensor => tf.reshape(tf.slice(tensors, [0, i], [UNITS.tensor, 1]), [UNITS.tensor]);
  return {
    variables: stepped.map(({parameter, slots}, i) => ({parameter, slots: {...slots, tensorState: stateOf(i)}})),
    globalState: tf.reshape(global, [UNITS.global]),
  };
}

/**
 * L2O-Scale: a hierarchy of GRUs, one for each parameter, one for each tensor, one for all, on averages of the gradient
 * over four time scales. Each parameter learns its own decays and rate. 8,349 weights.
 *
 *     a_s   ← d_s · a_s + (1 − d_s) · g                       d_1 = inputDecay, d_s+1 = √d_s, s = 1 … 4
 *     ms_s  ← scaleDecay · ms_s + (1 − scaleDecay) · (a_s² + 1e-12)
 *     x_s   = asinh(a_s / √(ms_s + 1e-16))
 *     input = (x_1 … x_4, x_1·x_2 … x_3·x_4, log ms_s − mean over s, log rate − mean over all parameters)
 *     h     ← GRU(input; biases from the tensor's and the global state)
 *     D     = kernel · h + shortcut · x, over its RMS in the tensor
 *     p     ← p − learningRate · exp(clip(log rate + change(h), ±33) − 1) · D       (the −1 is learned)
 *
 * Decays for the next step are sigmoids of readouts of `h`; the log rate follows the clipped one with learned momentum.
 * The tensor's GRU then reads the mean of (h, input) over its parameters, with a bias from the global state, and the
 * global GRU the mean of the tensors' states. Weights decay by the rate of their own step.
 *
 * A parameter moves without a gradient too, since the readout of `h` is rarely 0; and the step's size is that of the
 * tensor's rates, whatever the gradient's. Mean squares overflow for gradients above 1e19.
 *
 * @see Wichrowska et al. 2017, "Learned Optimizers that Scale and Generalize", arXiv:1703.04813.
 *
 * Differs from the released code (tensorflow/models, research/learned_optimizer; the same in VITA-Group/Open-L2O, as it is
 * run there: GRUs of 10, 20 and 20 units, no attention, gradient shortcut and products on, one scale decay):
 * - The global GRU reads the mean over all tensors, as described; the released code hands it the last tensor's state alone.
 * - asinh is computed without cancellation; the released log(x + √(1 + x²)) is −∞ below −4,096 in float32, which
 *   takes a saturated scale decay.
 * - The released code sets the scale decay to 0 where all mean squares of a tensor are 0. That is its first step, where
 *   the decay is 0 as it is, so the condition is left out.
 * - The gradient of √inputDecay is finite at 0.
 * - Initial log rates come from the caller's generator, so that two runs can start alike. The released evaluation draws
 *   them too.
 * - `learningRate` multiplies the steps, and tensors without elements count nowhere.
 * - All tensors of a step go through the tensor level as one product; the arithmetic is the same.
 * - Its imitation of a teacher's steps while meta-training is not the rule's, and not here.
 *
 * Differs from the paper: gradients are taken at the parameters themselves. The paper takes them at a point of attention
 * that the rule moves, a cross of Nesterov's momentum and attention; the released code has that, switched off.
 */
export const scale: Rule<ScaleSlot, ScaleShared> = {
  name: RULE_NAME,
  version: RULE_VERSION,
  layout: SPEC.layout,
  thetaSize: SPEC.size,
  state: STATE,
  initialTheta: random => SPEC.draw(random),
  initialSlots(theta, shape, random) {
    const n = shape.reduce((a, b) => a * b, 1), weights = SPEC.read(theta);
    const perScale = (): tf.Tensor2D => tf.zeros([NUM_TIMESCALES, n]);
    return {
      // Added to zeros rather than tiled: the gradient of tf.tile takes a slice for each copy.
      parameterState: tf.add(tf.zeros([UNITS.parameter, n]), tf.reshape(weights.array('initialParameter'), [UNITS.parameter, 1])),
      tensorState: tf.clone(weights.array('initialTensor')),
      inputDecay: tf.zeros([n]),
      scaleDecay: tf.zeros([n]),
      logRate: tf.tensor1d(initialLogRates(n, random)),
      averages: perScale(),
      meanSquares: perScale(),
    };
  },
  initialShared: theta => ({globalState: tf.clone(SPEC.read(theta).array('initialGlobal'))}),
  step(theta, variables, shared, {learningRate}) {
    const weights = SPEC.read(theta);
    let globalState: tf.Tensor | undefined;
    const stepped = stepActive(variables, active => {
      const all = stepAll(weights, active, shared.globalState, learningRate);
      globalState = all.globalState;
      return all.variables;
    });
    return {variables: stepped, shared: globalState === undefined ? cloneState(shared) : {globalState}};
  },
};

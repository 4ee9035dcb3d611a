import {
  CONSTANTS, NUM_HIDDEN, NUM_INPUTS, NUM_MIXED, NUM_OUTPUTS, NUM_PARAMETER_HIDDEN, OUTPUTS, PARAMETER_FEATURES, TENSOR_FEATURES,
  TENSOR_SLOTS, thetaEntry,
} from '../rules/tensor-lstm/spec.js';
import {clip} from './js-global.js';
import type {GlobalState} from './js-global.js';
import type {ArrayStep, StepOptions} from './types.js';

/** What is the same for every tensor of one step. */
export interface SharedState extends GlobalState {
  /** Factor on every gradient, from clipping by the global norm. */
  readonly gradientScale: number;
  /** Number of tensors in the step that have any elements. */
  readonly numTensors: number;
  /** Mean of {@link tensorSnr} over those tensors, before the step. */
  readonly meanSnr: number;
  /** From {@link rmsFloor}. */
  readonly floor: number;
}

/** What the per-parameter pass needs of one tensor. */
export interface Coefficients {
  readonly gradientScale: number;
  /** Length of the step per unit of direction. */
  readonly step: number;
  /** Share of the parameter that weight decay takes. */
  readonly decay: number;
  /** Reciprocals of the normalisers of gradient, momenta, parameter and second moment. */
  readonly normG: number;
  readonly normM1: number;
  readonly normM2: number;
  readonly normP: number;
  readonly normV: number;
  /** Bias corrections, as factors. */
  readonly biasM1: number;
  readonly biasM2: number;
  readonly biasV: number;
  readonly epsilon: number;
  /** Weights of the mixed features, Adam's own included. */
  readonly mix: readonly number[];
  /** Biases of the hidden units. */
  readonly hidden: readonly number[];
}

const {BETA_M1, BETA_M2, BETA_V1, BETA_V2, FLOOR_ABSOLUTE, FLOOR_RELATIVE, FLOOR_UNKNOWN, TINY} = CONSTANTS;
const ADAM = PARAMETER_FEATURES.indexOf('adam');

/** 1 - beta^count. */
function biasOf(beta: number, count: number): number {
  return -Math.expm1(count * Math.log(beta));
}

function logRms(meanSquare: number): number {
  return 0.5 * Math.log(meanSquare + TINY);
}

// Log of a momentum's RMS over the gradient's, both bias-corrected, from the statistics of the last step.
function snr(S: Float32Array, meanSquare: number, beta: number): number {
  const count = S[TENSOR_SLOTS.count]!, bias = biasOf(beta, count);
  return clip(logRms(meanSquare / (bias * bias)) - logRms(S[TENSOR_SLOTS.meanV2]! / biasOf(BETA_V2, count)), -4, 4);
}

/** Log signal-to-noise ratio of a tensor's gradients after its last step; 0 before its first. */
export function tensorSnr(tensorSlots: Float32Array): number {
  return tensorSlots[TENSOR_SLOTS.count] === 0 ? 0 : snr(tensorSlots, tensorSlots[TENSOR_SLOTS.meanSquareM1]!, BETA_M1);
}

function tensorFeatures({shape, parameter, tensorSlots: S}: ArrayStep, meanSquareG: number, floored: number, shared: SharedState): number[] {
  const count = S[TENSOR_SLOTS.count]!, logSize = Math.log(parameter.length), last = shape.at(-1) ?? 1;
  const seen = count > 0, logV2 = seen ? logRms(S[TENSOR_SLOTS.meanV2]! / biasOf(BETA_V2, count)) : 0;
  const values: Record<(typeof TENSOR_FEATURES)[number], number> = {
    gradientBurst: seen ? clip(logRms(meanSquareG) - logV2, -3, 3) : 0,
    cosGradientMomentum: seen ? S[TENSOR_SLOTS.cosGradientMomentum]! : 0,
    cosMomenta: seen ? S[TENSOR_SLOTS.cosMomenta]! : 0,
    snrFast: seen ? snr(S, S[TENSOR_SLOTS.meanSquareM1]!, BETA_M1) / 2 : 0,
    snrSlow: seen ? snr(S, S[TENSOR_SLOTS.meanSquareM2]!, BETA_M2) / 2 : 0,
    varianceTrend: seen ? clip(logRms(S[TENSOR_SLOTS.meanV1]! / biasOf(BETA_V1, count)) - logV2, -3, 3) : 0,
    growth: seen ? clip(Math.log(floored / Math.max(S[TENSOR_SLOTS.initialRms]!, shared.floor)), -4, 4) / 2 : 0,
    lastDirection: seen ? clip(logRms(S[TENSOR_SLOTS.meanSquareDirection]!), -4, 4) / 2 : 0,
    logSize: logSize / 5 - 1,
    isMatrix: shape.length >= 2 ? 1 : 0,
    isConv: shape.length >= 3 ? 1 : 0,
    logNumTensors: Math.log(shared.numTensors) / 2 - 1,
    fanRatio: shape.length >= 2 ? (logSize - 2 * Math.log(last)) / 4 : 0,
    isZeroInit: S[TENSOR_SLOTS.initialRms]! < shared.floor ? 1 : 0,
    meanSnr: shared.meanSnr / 2,
  };
  return TENSOR_FEATURES.map(name => values[name]);
}

// rows · kernel + bias, for a row-major kernel inside theta.
function affine(theta: Float32Array, input: readonly number[], kernelName: string, biasName: string, columns: number): Float64Array {
  const kernel = thetaEntry(kernelName).offset, bias = thetaEntry(biasName).offset;
  const out = Float64Array.from(theta.subarray(bias, bias + columns));
  input.forEach((x, row) => {
    const start = kernel + row * columns;
    for (let j = 0; j < columns; j++) out[j]! += x * theta[start + j]!;
  });
  return out;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

// Advances the LSTM state in S by one step and returns what it says.
function runLstm(theta: Float32Array, S: Float32Array, inputs: readonly number[]): Float64Array {
  const {h, c} = TENSOR_SLOTS;
  const gates = affine(theta, [...inputs, ...S.subarray(h, h + NUM_HIDDEN)], 'gateKernel', 'gateBias', 4 * NUM_HIDDEN);
  const state: number[] = [];
  for (let j = 0; j < NUM_HIDDEN; j++) {
    const input = sigmoid(gates[j]!), forget = sigmoid(gates[NUM_HIDDEN + j]! + 1);
    const candidate = Math.tanh(gates[2 * NUM_HIDDEN + j]!), output = sigmoid(gates[3 * NUM_HIDDEN + j]!);
    const cell = forget * S[c + j]! + input * candidate, hidden = output * Math.tanh(cell);
    S[c + j] = cell;
    S[h + j] = hidden;
    state.push(hidden);
  }
  return affine(theta, state, 'outputKernel', 'outputBias', NUM_OUTPUTS);
}

/** Notes the size of a tensor that has had no step yet. */
export function meetTensor({parameter, tensorSlots: S}: ArrayStep): void {
  if (S[TENSOR_SLOTS.count] !== 0) return;
  let total = 0;
  for (let i = 0; i < parameter.length; i++) total += parameter[i]! * parameter[i]!;
  const meanSquare = total / parameter.length;
  S[TENSOR_SLOTS.meanSquareP] = meanSquare;
  S[TENSOR_SLOTS.initialRms] = Math.sqrt(meanSquare);
}

/** The least RMS that a tensor's steps are relative to; all tensors have been met. */
export function rmsFloor(steps: readonly ArrayStep[]): number {
  let squares = 0, count = 0;
  for (const {parameter, tensorSlots} of steps) {
    squares += tensorSlots[TENSOR_SLOTS.initialRms]! ** 2 * parameter.length;
    count += parameter.length;
  }
  const rms = Math.sqrt(squares / count);
  return rms < FLOOR_UNKNOWN ? FLOOR_ABSOLUTE : FLOOR_RELATIVE * rms;
}

/**
 * Runs the LSTM of one tensor that has been met, in place in its slots, and returns the coefficients of its per-parameter pass.
 *
 * @param sumSquaresG Sum of the tensor's squared gradients, before clipping.
 */
export function stepTensor(theta: Float32Array, step: ArrayStep, sumSquaresG: number, shared: SharedState, options: StepOptions): Coefficients {
  const {parameter, tensorSlots: S} = step, {gradientScale} = shared;
  const meanSquareG = (sumSquaresG * gradientScale * gradientScale) / parameter.length;
  const floored = Math.max(Math.sqrt(S[TENSOR_SLOTS.meanSquareP]!), shared.floor);
  const inputs = [...shared.features, ...tensorFeatures(step, meanSquareG, floored, shared)];
  if (inputs.length !== NUM_INPUTS) throw new RangeError(`tensor-lstm: ${NUM_INPUTS} inputs expected, got ${inputs.length}`);
  const outputs = runLstm(theta, S, inputs);
  // Counts stop at 2^24, the last that a float holds exactly; every bias correction is 1 long before.
  const count = S[TENSOR_SLOTS.count] = S[TENSOR_SLOTS.count]! + 1;
  const logStep = clip(
    CONSTANTS.LOG_STEP_START + CONSTANTS.LOG_STEP_GAIN * outputs[OUTPUTS.logStep]!, CONSTANTS.LOG_STEP_MIN, CONSTANTS.LOG_STEP_MAX);
  const restM1 = 1 - BETA_M1, restM2 = 1 - BETA_M2, biasV = 1 / biasOf(BETA_V2, count);
  // Second moments are linear in g²: their means follow without a sum.
  const meanV1 = S[TENSOR_SLOTS.meanV1]!, meanV2 = S[TENSOR_SLOTS.meanV2]! + (meanSquareG - S[TENSOR_SLOTS.meanV2]!) * (1 - BETA_V2);
  const recentV = S[TENSOR_SLOTS.meanV1] = meanV1 + (meanSquareG - meanV1) * (1 - BETA_V1);
  S[TENSOR_SLOTS.meanV2] = meanV2;
  const rmsV = Math.sqrt(meanV2 * biasV);
  const hiddenBias = thetaEntry('hiddenBias').offset;
  const rate = options.learningRate * Math.exp(logStep) * shared.guard, first = Math.max(step.tensorSlots[TENSOR_SLOTS.initialRms]!, shared.floor);
  const scale = options.parameterScale ? Math.min(floored, CONSTANTS.GROWTH_MAX * first) : 1;
  return {
    gradientScale,
    step: rate * scale,
    decay: Math.min(1, rate * Math.min(scale, 1) * step.weightDecay),
    // Examples that are fitted already have tiny gradients: their steps stay small beside those of the batches before.
    normG: 1 / (Math.sqrt(Math.max(meanSquareG, recentV / biasOf(BETA_V1, count))) + TINY),
    normM1: 1 / (Math.sqrt(BETA_M1 * BETA_M1 * S[TENSOR_SLOTS.meanSquareM1]! + restM1 * restM1 * meanSquareG) + TINY),
    normM2: 1 / (Math.sqrt(BETA_M2 * BETA_M2 * S[TENSOR_SLOTS.meanSquareM2]! + restM2 * restM2 * meanSquareG) + TINY),
    normP: 1 / floored,
    normV: 1 / (rmsV + TINY),
    biasM1: 1 / biasOf(BETA_M1, count),
    biasM2: 1 / biasOf(BETA_M2, count),
    biasV,
    epsilon: Math.min(CONSTANTS.EPSILON, CONSTANTS.EPSILON_RELATIVE * rmsV) + TINY,
    mix: Array.from({length: NUM_MIXED}, (_, i) => outputs[OUTPUTS.mix + i]! + (i === ADAM ? 1 : 0)),
    hidden: Array.from({length: NUM_PARAMETER_HIDDEN}, (_, j) => outputs[OUTPUTS.hidden + j]! + theta[hiddenBias + j]!),
  };
}

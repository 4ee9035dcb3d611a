import {
  CONSTANTS, FIRST_HIDDEN, NUM_MIXED, NUM_PARAMETER_HIDDEN, PARAMETER_FEATURES, TENSOR_SLOTS, thetaEntry,
} from '../rules/tensor-lstm/spec.js';
import {beginStep} from './js-global.js';
import {type Coefficients, meetTensor, rmsFloor, stepTensor, tensorSnr} from './js-tensor.js';
import type {ArrayStep, StepOptions} from './types.js';

type Four = readonly [number, number, number, number];
type Feature = (typeof PARAMETER_FEATURES)[number];

// The loop below is unrolled by hand: this stops compiling when the rule's sizes change.
const [NUM_UNITS]: readonly [Four['length'], 7, 3, 8] = [NUM_PARAMETER_HIDDEN, NUM_MIXED, FIRST_HIDDEN, PARAMETER_FEATURES.length];

const {FEATURE_CLIP, DIRECTION_CLIP} = CONSTANTS;
const REST_M1 = 1 - CONSTANTS.BETA_M1, REST_M2 = 1 - CONSTANTS.BETA_M2, REST_V = 1 - CONSTANTS.BETA_V2;

function four(x: ArrayLike<number>, start = 0): Four {
  return [x[start]!, x[start + 1]!, x[start + 2]!, x[start + 3]!];
}

function clipFeature(x: number): number {
  return x > FEATURE_CLIP ? FEATURE_CLIP : x < -FEATURE_CLIP ? -FEATURE_CLIP : x;
}

/** The per-parameter pass: reads gradient, parameter and slots once, writes parameter and slots once. */
function applyStep(theta: Float32Array, k: Coefficients, step: ArrayStep): void {
  const {parameter, gradient, output, tensorSlots} = step, n = parameter.length;
  const m1 = step.slots.subarray(0, n), m2 = step.slots.subarray(n, 2 * n), v = step.slots.subarray(2 * n, 3 * n);
  const {gradientScale, normG, normM1, normM2, normP, normV, biasM1, biasM2, biasV, epsilon, decay, step: length} = k;
  const kernel = thetaEntry('hiddenKernel').offset, head = thetaEntry('headKernel').offset, headBias = theta[thetaEntry('headBias').offset]!;
  const weights = (feature: Feature): Four => four(theta, kernel + (PARAMETER_FEATURES.indexOf(feature) - FIRST_HIDDEN) * NUM_UNITS);
  const mixOf = (feature: Feature): number => k.mix[PARAMETER_FEATURES.indexOf(feature)]!;

  const [hidden0, hidden1, hidden2, hidden3] = four(k.hidden);
  const [gradient0, gradient1, gradient2, gradient3] = weights('gradient');
  const [adam0, adam1, adam2, adam3] = weights('adam');
  const [slowAdam0, slowAdam1, slowAdam2, slowAdam3] = weights('slowAdam');
  const [parameter0, parameter1, parameter2, parameter3] = weights('parameter');
  const [variance0, variance1, variance2, variance3] = weights('variance');
  const gradientMix = mixOf('gradient'), adamMix = mixOf('adam'), slowAdamMix = mixOf('slowAdam');
  const tensorGMix = mixOf('tensorGradient'), tensorM1Mix = mixOf('tensorMomentum'), tensorM2Mix = mixOf('tensorSlowMomentum');
  const parameterMix = mixOf('parameter');
  const [head0, head1, head2, head3] = four(theta, head);

  let sumM1M1 = 0, sumM2M2 = 0, sumPP = 0, sumGM1 = 0, sumM1M2 = 0, sumDD = 0, sumGG = 0;
  for (let i = 0; i < n; i++) {
    const p = parameter[i]!, g = gradient[i]! * gradientScale;
    let a = m1[i]!, b = m2[i]!, c = v[i]!;
    a += (g - a) * REST_M1;
    b += (g - b) * REST_M2;
    c += (g * g - c) * REST_V;
    m1[i] = a;
    m2[i] = b;
    v[i] = c;
    sumM1M1 += a * a;
    sumM2M2 += b * b;
    sumGM1 += g * a;
    sumM1M2 += a * b;
    sumGG += g * g;

    const root = Math.sqrt(c * biasV), inverse = 1 / (root + epsilon);
    const xGradient = clipFeature(g * inverse);
    const xAdam = a * biasM1 * inverse;
    const xSlowAdam = b * biasM2 * inverse;
    const xTensorG = clipFeature(g * normG);
    const xTensorM1 = clipFeature(a * normM1);
    const xTensorM2 = clipFeature(b * normM2);
    const xParameter = clipFeature(p * normP);
    const xVariance = clipFeature(root * normV) - 1;

    const h0 = hidden0 + xGradient * gradient0 + xAdam * adam0 + xSlowAdam * slowAdam0 + xParameter * parameter0 + xVariance * variance0;
    const h1 = hidden1 + xGradient * gradient1 + xAdam * adam1 + xSlowAdam * slowAdam1 + xParameter * parameter1 + xVariance * variance1;
    const h2 = hidden2 + xGradient * gradient2 + xAdam * adam2 + xSlowAdam * slowAdam2 + xParameter * parameter2 + xVariance * variance2;
    const h3 = hidden3 + xGradient * gradient3 + xAdam * adam3 + xSlowAdam * slowAdam3 + xParameter * parameter3 + xVariance * variance3;
    const mixed = xGradient * gradientMix + xAdam * adamMix + xSlowAdam * slowAdamMix +
      xTensorG * tensorGMix + xTensorM1 * tensorM1Mix + xTensorM2 * tensorM2Mix + xParameter * parameterMix;
    let direction = headBias + mixed + (h0 > 0 ? h0 * head0 : 0) + (h1 > 0 ? h1 * head1 : 0) + (h2 > 0 ? h2 * head2 : 0) +
      (h3 > 0 ? h3 * head3 : 0);
    direction = direction < -DIRECTION_CLIP ? -DIRECTION_CLIP : direction > DIRECTION_CLIP ? DIRECTION_CLIP : direction;
    // What has never had a gradient stays where it is. (Rounded, as the kernel's underflows.)
    if (Math.fround(c) === 0) direction = 0;
    const next = p - (p * decay + direction * length);
    output[i] = next;
    sumDD += direction * direction;
    sumPP += next * next;
  }

  const normGM = Math.sqrt(sumGG) * Math.sqrt(sumM1M1), normMM = Math.sqrt(sumM1M1) * Math.sqrt(sumM2M2);
  tensorSlots[TENSOR_SLOTS.meanSquareM1] = sumM1M1 / n;
  tensorSlots[TENSOR_SLOTS.meanSquareM2] = sumM2M2 / n;
  tensorSlots[TENSOR_SLOTS.meanSquareP] = sumPP / n;
  tensorSlots[TENSOR_SLOTS.meanSquareDirection] = sumDD / n;
  tensorSlots[TENSOR_SLOTS.cosGradientMomentum] = normGM > 0 ? sumGM1 / normGM : 0;
  tensorSlots[TENSOR_SLOTS.cosMomenta] = normMM > 0 ? sumM1M2 / normMM : 0;
}

/** Sum of squares: not finite if any number is not, or if it overflows a float, as the second moments then would. */
export function sumSquares(x: Float32Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]! * x[i]!;
  return Number.isFinite(Math.fround(total)) ? total : Infinity;
}

/**
 * One step of the rule `tensor-lstm` on arrays, in plain JavaScript: for engines without wasm SIMD.
 *
 * Computes in doubles and stores floats. The gradients (by {@link sumSquares}) and the loss must be finite:
 * the caller has checked. Variables without elements, and their slots, stay as they are and count nowhere; where there are
 * no others, nothing changes.
 *
 * @param theta Weights of the rule, laid out as `THETA_LAYOUT`.
 * @param lossSlots Changed in place, unless there is no loss.
 * @param loss Loss that the gradients belong to; `undefined` where it is unknown.
 * @param steps One entry a variable; `output`, `slots` and `tensorSlots` are written.
 */
export function stepArrays(
  theta: Float32Array, lossSlots: Float32Array, loss: number | undefined, steps: readonly ArrayStep[], options: StepOptions,
): void {
  const active = steps.filter(step => step.parameter.length > 0);
  if (active.length === 0) return;
  const sums = active.map(step => sumSquares(step.gradient));
  const norm = Math.sqrt(sums.reduce((total, x) => total + x, 0)), {clipNorm} = options;
  active.forEach(meetTensor);
  const shared = {
    ...beginStep(theta, lossSlots, loss, options),
    gradientScale: clipNorm === undefined ? 1 : clipNorm / Math.max(norm, clipNorm),
    numTensors: active.length,
    meanSnr: active.reduce((total, step) => total + tensorSnr(step.tensorSlots), 0) / active.length,
    floor: rmsFloor(active),
  };
  active.forEach((step, i) => applyStep(theta, stepTensor(theta, step, sums[i]!, shared, options), step));
}

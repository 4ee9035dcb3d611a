import {nextFrame} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {L2OError} from '../errors.js';
import {Random} from '../random.js';
import type {FlatnessEstimate} from './estimate.js';
import {estimateHessianNorm, type SpectralEstimate} from './hessian-norm.js';
import {frobeniusOf, probeHessian, type Probe} from './hessian-square.js';
import {traceOf} from './hessian-trace.js';
import {estimateLocalEntropy} from './local-entropy.js';
import {lossLandscape, type LossLandscape} from './loss-landscape.js';
import type {LossProbe} from './loss-probe.js';
import {resolveMeasureFlatness, type MeasureFlatnessOptions, type MeasureFlatnessSettings} from './measure-flatness-options.js';
import {modelProbe, type ModelTensors} from './model-probe.js';
import {Neighbourhood, type PerturbationScaling} from './neighbourhood.js';
import {estimateMeanSharpness, estimateWorstSharpness, radiusOf} from './sharpness.js';
import {estimateSpectralDensity, type SpectralDensity} from './spectral-density.js';
import {norm} from './vectors.js';

/** What {@link measureFlatness} found: plain numbers, ready for JSON. */
export interface FlatnessMeasurement {
  /** The loss itself. */
  readonly loss: number;
  /** ‖∇f‖, with respect to the weights; what is measured is a minimum's only where it is small. */
  readonly gradientNorm: number;
  readonly numParameters: number;
  readonly numExamples: number;
  readonly scaling: PerturbationScaling;
  /** γ of the local entropy. */
  readonly gamma: number;
  /** Radius of both sharpnesses, in the coordinates of the scaling. */
  readonly radius: number;
  readonly seed: number;
  /** −log E exp(−(f(θ+z) − f(θ))). */
  readonly localEntropy: FlatnessEstimate;
  /** Signed. */
  readonly hessianTrace: FlatnessEstimate;
  /** max |λ|, and both ends of the spectrum; its `standardError` is a residual. */
  readonly hessianNorm: SpectralEstimate;
  /** √E‖Hv‖² = √tr(H²). */
  readonly frobeniusNorm: FlatnessEstimate;
  /** max f(θ+z) − f(θ) over the ball. */
  readonly worstSharpness: FlatnessEstimate;
  /** E f(θ+z) − f(θ) over the ball. */
  readonly meanSharpness: FlatnessEstimate;
  readonly spectrum?: SpectralDensity;
  readonly landscape?: LossLandscape;
}

const WHERE = 'measureFlatness';
/** Steps to the worst case, which is found in a few or not at all. */
const MAX_ASCENT = 16;
/** Pieces of work beside the rows of the landscape. */
const NUM_PHASES = 6;

/**
 * Measures how flat a model's loss is around its weights: local entropy, trace and norms of the Hessian, sharpness, each with its
 * standard error; the spectral density of the Hessian; and a slice of the loss landscape.
 *
 * The loss is the compiled one on `x` and `y`, regularizers included, in inference mode. Nothing of the model changes, nor is written:
 * weights, averages of batch normalisation and optimizer stay as they are, also where this throws. Runs on the current backend and yields
 * to the event loop between pieces of work; training the model meanwhile would mix the states of its frozen weights.
 *
 * With the default options it costs about 500 gradients and 600 losses over the data: pass a part of them where they are many. On webgpu TF.js's
 * synchronous reads, one a loss, hold memory that is freed late: take another backend there, or leave out spectrum and landscape.
 *
 * @param model A compiled Layers model.
 * @param x Inputs, as for `model.fit`; they stay the caller's.
 * @param y Targets, as for `model.fit`.
 * @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` before anything is evaluated; `NON_FINITE` where the loss or gradient at the weights is
 *   not finite, or at all samples of a measure; `ENVIRONMENT` where `hessian: 'exact'` lacks `enableHigherOrderGradients()`.
 * @example
 * const report = await measureFlatness(model, x, y, {samples: 100});
 * console.log(report.hessianNorm.value, '±', report.hessianNorm.standardError);
 */
export async function measureFlatness(model: LayersModel, x: ModelTensors, y: ModelTensors, options: MeasureFlatnessOptions = {}): Promise<FlatnessMeasurement> {
  const settings = resolveMeasureFlatness(WHERE, options);
  const probe = modelProbe(WHERE, model, x, y, {batchSize: settings.batchSize, exact: settings.hessian === 'exact'});
  return await measureProbe(probe, probe.numExamples, settings);
}

async function measureProbe(probe: LossProbe, numExamples: number, settings: MeasureFlatnessSettings): Promise<FlatnessMeasurement> {
  const {scaling, samples, gamma, entropySteps: steps, radius, seed, spectrum, landscape} = settings, random = new Random(seed);
  const around = new Neighbourhood(probe, scaling, settings.differenceRadius);
  const progress = progressOf(settings);
  await progress('the loss');
  const here = around.gradientHere();
  if (!here.finite) throw new L2OError('NON_FINITE', `${WHERE}: expected a finite loss and gradient at the model's weights, got the loss ${here.loss}. Check weights and data for NaN.`);
  await progress('norm of the Hessian');
  const hessianNorm = estimateHessianNorm(around, random.fork('norm'), samples);
  await progress('trace of the Hessian');
  const probes: readonly Probe[] = probeHessian(around, random.fork('trace'), samples);
  const hessianTrace = traceOf(probes, samples), frobeniusNorm = frobeniusOf(probes, samples);
  await progress('local entropy');
  const localEntropy = estimateLocalEntropy(around, random.fork('entropy'), {gamma, samples, steps}, hessianNorm.smallestEigenvalue);
  await progress('sharpness');
  const ball = {samples, ...(radius !== undefined && {radius})};
  const worstSharpness = estimateWorstSharpness(around, random.fork('worst'), {...ball, samples: Math.min(samples, MAX_ASCENT)});
  const meanSharpness = estimateMeanSharpness(around, random.fork('mean'), ball);
  await progress('spectrum');
  const density = spectrum && estimateSpectralDensity(around, random.fork('spectrum'), spectrum);
  const slice = landscape && await lossLandscape(probe, random.fork('landscape'), landscape, () => progress('landscape'));
  return {
    loss: here.loss, gradientNorm: norm(here.gradient), numParameters: around.size, numExamples, scaling, gamma, radius: radiusOf(around, ball), seed,
    localEntropy, hessianTrace, hessianNorm, frobeniusNorm, worstSharpness, meanSharpness,
    ...(density !== undefined && {spectrum: density}), ...(slice !== undefined && {landscape: slice}),
  };
}

/** Tells how far it is, and lets other work be done. */
function progressOf({onProgress, landscape}: MeasureFlatnessSettings): (phase: string) => Promise<void> {
  const stepsTotal = NUM_PHASES + (landscape?.points ?? 0);
  let stepsDone = 0;
  return async phase => {
    onProgress?.({phase, stepsDone: stepsDone++, stepsTotal});
    await nextFrame();
  };
}

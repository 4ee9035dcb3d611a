/** Flatness measures of a trained model, on its training loss. */
import {probeHessian, frobeniusOf} from '../../src/flatness/hessian-square.js';
import {estimateHessianNorm} from '../../src/flatness/hessian-norm.js';
import {traceOf} from '../../src/flatness/hessian-trace.js';
import {estimateLocalEntropy} from '../../src/flatness/local-entropy.js';
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import {Neighbourhood, type PerturbationScaling} from '../../src/flatness/neighbourhood.js';
import {estimateMeanSharpness, estimateWorstSharpness} from '../../src/flatness/sharpness.js';
import type {Random} from '../../src/random.js';

/** The measures, by name. */
export const MEASURED = ['localEntropy', 'wideLocalEntropy', 'hessianNorm', 'hessianTrace', 'frobeniusNorm', 'worstSharpness', 'meanSharpness'] as const;
/** All measures of one solution, relative to each tensor's RMS; the larger, the sharper. */
export type SolutionFlatness = Readonly<Record<(typeof MEASURED)[number], number>>;

/** Perturbations of a twentieth and of a third of the tensors' RMS. */
const GAMMA = 400, WIDE_GAMMA = 9;
const ENTROPY_SAMPLES = 32, NORM_SAMPLES = 16, TRACE_SAMPLES = 16, BALL_SAMPLES = 16, WORST_SAMPLES = 2;

/** Measures the surroundings of a probe's parameters. @throws L2OError `NON_FINITE` where a measure has no finite sample. */
export function flatnessAt(probe: LossProbe, random: Random, scaling: PerturbationScaling = 'tensor'): SolutionFlatness {
  const around = new Neighbourhood(probe, scaling), spectral = estimateHessianNorm(around, random.fork('norm'), NORM_SAMPLES);
  const probes = probeHessian(around, random.fork('trace'), TRACE_SAMPLES), entropy = (gamma: number): number =>
    estimateLocalEntropy(around, random.fork(`entropy ${gamma}`), {gamma, samples: ENTROPY_SAMPLES, steps: 1}, spectral.smallestEigenvalue).value;
  return {
    localEntropy: entropy(GAMMA), wideLocalEntropy: entropy(WIDE_GAMMA),
    hessianNorm: spectral.value, hessianTrace: traceOf(probes, TRACE_SAMPLES).value, frobeniusNorm: frobeniusOf(probes, TRACE_SAMPLES).value,
    worstSharpness: estimateWorstSharpness(around, random.fork('worst'), {samples: WORST_SAMPLES}).value,
    meanSharpness: estimateMeanSharpness(around, random.fork('mean'), {samples: BALL_SAMPLES}).value,
  };
}

import {OptionChecks} from '../option-checks.js';
import type {FlatnessTerm} from './flatness-term.js';
import type {LossProbe} from './loss-probe.js';
import {frobeniusPenalty} from './hessian-square.js';
import {hessianNormPenalty} from './hessian-norm.js';
import {absoluteTracePenalty} from './hessian-trace.js';
import {localEntropyPenalty} from './local-entropy.js';
import {resolveMeasure, type FlatnessMeasure, type ResolvedMeasure} from './measure-options.js';
import {Neighbourhood} from './neighbourhood.js';
import type {FlatnessPenalty} from './penalty.js';
import {meanSharpnessPenalty, worstSharpnessPenalty} from './sharpness.js';

/** A measure as a term of an objective. */
export type FlatnessTermOptions = FlatnessMeasure & {
  /** Factor on the penalty, ≥ 0. */
  readonly strength: number;
};

/**
 * Makes a flatness penalty out of plain data.
 *
 * @param options {@link FlatnessTermOptions}: the measure, its options and the strength; or a {@link FlatnessTerm.config}, which holds the same with all
 *   defaults. Of unknown type, since it may come out of a file: all of it is checked.
 * @param caller For errors.
 * @throws L2OError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`.
 * @example
 * const term = flatnessTerm({measure: 'localEntropy', gamma: 100, samples: 8, strength: 1e-3});
 * const {value, gradient} = term.gradient(probe, new Random(1));
 */
export function flatnessTerm(options: unknown, caller = 'flatnessTerm'): FlatnessTerm {
  const measure = resolveMeasure(caller, options, ['strength']), {strength: given} = options as {readonly strength?: unknown};
  const strength = new OptionChecks(caller).number('strength', given, {min: 0}, 'Pass the factor on the penalty; 0 switches it off.');
  const penalty = penaltyOf(measure);
  const around = (probe: LossProbe): Neighbourhood => neighbourhoodOf(measure, probe);
  return {
    name: measure.measure,
    config: {...measure, strength},
    value: (probe, random) => strength * penalty.value(around(probe), random),
    gradient: (probe, random) => {
      const {value, gradient} = penalty.gradient(around(probe), random);
      for (let i = 0; i < gradient.length; i++) gradient[i]! *= strength;
      return {value: strength * value, gradient};
    },
  };
}

/** The surroundings that a measure looks at. */
export function neighbourhoodOf(measure: ResolvedMeasure, probe: LossProbe): Neighbourhood {
  return new Neighbourhood(probe, measure.scaling, 'differenceRadius' in measure ? measure.differenceRadius : undefined);
}

/** The penalty of a measure. */
export function penaltyOf(measure: ResolvedMeasure): FlatnessPenalty {
  switch (measure.measure) {
    case 'localEntropy': return localEntropyPenalty(measure);
    case 'hessianTrace': return measure.penalty === 'norm' ? frobeniusPenalty(measure.samples) : absoluteTracePenalty(measure.samples);
    case 'hessianNorm': return measure.norm === 'frobenius' ? frobeniusPenalty(measure.samples) : hessianNormPenalty(measure.samples);
    case 'sharpness': return measure.over === 'worst' ? worstSharpnessPenalty(measure) : meanSharpnessPenalty(measure);
  }
}

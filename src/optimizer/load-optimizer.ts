import {L2OError} from '../errors.js';
import {LearnedOptimizer} from './learned-optimizer.js';
import {checkOptions, type LearnedOptimizerOptions} from './options.js';
import {isRecord} from '../theta/theta-format.js';
import {loadTheta, type LoadThetaOptions, type ThetaSource} from '../theta/theta-io.js';

/** Options of {@link loadOptimizer}: those of `learnedOptimizer`, but for rule and theta, which come from the source; and those of `loadTheta`. */
export type LoadOptimizerOptions = Omit<LearnedOptimizerOptions, 'rule' | 'theta'> & LoadThetaOptions;

/**
 * A learned optimizer of whatever rule, with a theta that was saved by `saveTheta` or by `metaFit`'s `save`.
 *
 * @param source See {@link ThetaSource}.
 * @param options As of `learnedOptimizer`; all have defaults.
 * @returns The optimizer; call its `dispose` when done.
 * @throws L2OError As {@link loadTheta}; and, before anything is read, `UNKNOWN_OPTION` or `INVALID_ARGUMENT` for options.
 * @example
 * const optimizer = await loadOptimizer('file://my-optimizer', {numSteps: 500});
 * model.compile({optimizer, loss: 'categoricalCrossentropy'});
 */
export async function loadOptimizer(source: ThetaSource, options: LoadOptimizerOptions = {}): Promise<LearnedOptimizer> {
  // A copy: the caller may change the options while the theta is being read.
  const {signal, ...own}: LearnedOptimizerOptions & LoadThetaOptions = isRecord(options) ? options : {};
  checkOptions(isRecord(options) ? {...own, rule: undefined, theta: undefined} : options);
  const given = (['rule', 'theta'] as const).find(name => own[name] !== undefined);
  if (given !== undefined) throw new L2OError('INVALID_ARGUMENT', `loadOptimizer: expected no option '${given}', which comes from the source. Use learnedOptimizer({${given}}) to choose it.`);
  const {theta} = await loadTheta(source, {signal});
  return new LearnedOptimizer({...own, theta});
}

import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import {OptionCheck, type OneOrMore, drawChoice} from '../families/shared/option-check.js';
import {keptTensor} from '../families/shared/parameters.js';
import type {CompiledProblem} from '../compiled-problem.js';
import type {Task} from '../task-family.js';
import {augmentation, type Augmentation} from './augmentation.js';

const LEVELS = ['none', 'global', 'tensor', 'parameter'] as const;
type Level = (typeof LEVELS)[number];

/** Options of {@link reparametrised}. All are optional. */
export interface ReparametrisedOptions {
  /** One scale for all parameters, one for each tensor, one for each single parameter, or none; or a list, of which each task draws one. Default `'global'`. */
  readonly level?: OneOrMore<Level>;
  /** Smallest and largest scale, > 0; drawn uniformly in the logarithm. Default `[1e-3, 1e3]`. */
  readonly range?: readonly [number, number];
}

/**
 * Changes the scale of the parameters that the optimizer sees, q = p / s: the loss at q is the family's loss at q · s, the
 * start p₀ / s, and the gradient s times the family's. An optimizer that should not depend on scale must do as well as before.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'.
 * @example
 * // VeLO's mixture of levels.
 * const family = reparametrised({level: ['none', 'none', 'global', 'global', 'tensor', 'tensor', 'parameter']})(quadraticFamily());
 * @see L. Metz et al., "VeLO: Training versatile learned optimizers by scaling up", 2022, arXiv:2211.09760.
 */
export function reparametrised(options: ReparametrisedOptions = {}): Augmentation {
  const check = new OptionCheck('reparametrised', options, ['level', 'range']);
  const {level = 'global', range = [1e-3, 1e3]} = options;
  check.choice('level', level, LEVELS);
  check.range('range', range, {min: 0, above: true});
  if (typeof range === 'number') check.reject('range', 'a pair [smallest, largest]', range, 'Each scale is drawn from it.');
  return augmentation('reparametrised', <B>(random: Random, task: Task<B>) => {
    const scales = drawScales(random, drawChoice(random, level), range, task);
    if (scales === undefined) return {change: () => ({}), compiled: problem => problem};
    const scaled = (tensors: tf.NamedTensorMap): tf.NamedTensorMap =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.mul(tensor, scales[name]!)]));
    const change = (inner: Task<B>): Partial<Task<B>> => ({
      init: () => {
        const start = inner.init();
        const seen = tf.tidy(() => Object.fromEntries(Object.entries(start).map(([name, tensor]) => [name, tf.div(tensor, scales[name]!)])));
        tf.dispose(start);
        return seen;
      },
      loss: (params, batch) => inner.loss(scaled(params), batch),
      ...(inner.gradients !== undefined && {
        gradients: (params, batch, step) => {
          const own = tf.tidy(() => scaled(params)), {loss, gradients} = inner.gradients!(own, batch, step);
          const seen = tf.tidy(() => scaled(gradients));
          tf.dispose([own, gradients]);
          return {loss, gradients: seen};
        },
      } satisfies Partial<Task<B>>),
      dispose: () => {
        tf.dispose(Object.values(scales).filter(scale => typeof scale !== 'number'));
        inner.dispose?.();
      },
    });
    const compiled = (problem: CompiledProblem): CompiledProblem => ({...problem, scales: flatScales(problem, scales)});
    return {change, compiled};
  });
}

/** The product of the problem's own scales, if any, and these. */
function flatScales({parameters, scales: own}: CompiledProblem, scales: Readonly<Record<string, number | tf.Tensor>>): Float32Array {
  const parts = parameters.map(({name, values}) => {
    const scale = scales[name]!;
    return typeof scale === 'number' ? new Float32Array(values.length).fill(scale) : scale.dataSync<'float32'>();
  });
  return Float32Array.from(parts.flatMap(part => [...part]), (scale, i) => scale * (own?.[i] ?? 1));
}

/** A scale by each parameter's name. */
function drawScales<B>(
  random: Random, level: Level, [low, high]: readonly [number, number], task: Task<B>,
): Record<string, number | tf.Tensor> | undefined {
  if (level === 'none') return undefined;
  const start = task.init(), draw = (): number => random.logUniform(low, high), common = draw();
  const scales = Object.entries(start).map(([name, {shape, size}]) => [
    name, level === 'global' ? common : level === 'tensor' ? draw() : keptTensor(Float32Array.from({length: size}, draw), shape),
  ] as const);
  tf.dispose(start);
  return Object.fromEntries(scales);
}

import * as tf from '@tensorflow/tfjs-core';
import {L2OError} from '../../errors.js';
import {hasBatches} from '../compiled-problem.js';
import {isTensor} from '../families/shared/is-tensor.js';
import {OptionCheck, drawNumber, type NumberRange} from '../families/shared/option-check.js';
import {augmentation, type Augmentation} from './augmentation.js';

/** Options of {@link reducedBatch}. */
export interface ReducedBatchOptions {
  /** Share of each training batch that is left, one example at least: above 0, up to 1, or a range. */
  readonly share: NumberRange;
}

/**
 * Training batches keep their first examples only, so that gradients are noisier; validation batches stay whole. Works on
 * batches of tensors, alone or in arrays and plain objects, that all have the examples along the first dimension.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'UNKNOWN_OPTION'; with the first batch, 'INVALID_ARGUMENT' where it is not of that kind.
 * @example
 * const family = reducedBatch({share: [0.05, 1]})(mlpClassificationFamily({batchSize: 128}));
 */
export function reducedBatch(options: ReducedBatchOptions): Augmentation {
  const check = new OptionCheck('reducedBatch', options, ['share']), {share} = options;
  check.range('share', share, {min: 0, max: 1, above: true});
  return augmentation('reduced batch', (random, _task, name) => {
    const left = drawNumber(random, share);
    return {
      change: task => ({
        *batches(split) {
          const whole = task.batches(split);
          for (let next = whole.next(); next.done !== true; next = whole.next()) yield split === 'train' ? takeFirst(next.value, left, name) : next.value;
        },
      }),
      compiled: problem => {
        const {splits, splits: {train}} = problem;
        if (!hasBatches(problem)) rejectBatch(name, 'a batch without tensors');
        return {...problem, splits: {...splits, train: {...train, batchSize: countLeft(left, train.batchSize)}}};
      },
    };
  });
}

/** The first examples of a batch, which is disposed. */
function takeFirst<B>(batch: B, share: number, name: string): B {
  const tensors = tensorsOf(batch), [first] = tensors;
  const size = first?.shape[0];
  if (size === undefined || tensors.some(({shape}) => shape[0] !== size)) {
    tf.dispose(tensors);
    rejectBatch(name, tensors.length === 0 ? 'a batch without tensors' : `shapes ${tensors.map(({shape}) => `[${shape.join(', ')}]`).join(', ')}`);
  }
  const count = countLeft(share, size);
  const kept = mapTensors(batch, tensor => tf.slice(tensor, 0, count));
  tf.dispose(tensors);
  return kept as B;
}

function countLeft(share: number, size: number): number {
  return Math.max(1, Math.round(share * size));
}

function rejectBatch(name: string, got: string): never {
  throw new L2OError('INVALID_ARGUMENT', `reducedBatch: expected batches of tensors that all have the examples along the first dimension, got ${got} ` +
    `from '${name}'. Leave reducedBatch out for this family.`);
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function tensorsOf(value: unknown): tf.Tensor[] {
  if (isTensor(value)) return [value];
  return isContainer(value) ? Object.values(value).flatMap(tensorsOf) : [];
}

function mapTensors(value: unknown, change: (tensor: tf.Tensor) => tf.Tensor): unknown {
  if (isTensor(value)) return change(value);
  if (Array.isArray(value)) return value.map(item => mapTensors(item, change));
  return isContainer(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, change)])) : value;
}

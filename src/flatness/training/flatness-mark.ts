import {scalar, serialization, type Scalar, type Tensor} from '@tensorflow/tfjs-core';
import {regularizers} from '@tensorflow/tfjs-layers';
import {OptionChecks} from '../../option-checks.js';
import {adoptBase, type ClassLike} from './adopt-base.js';

/** The part of TF.js that knows the class of its regularizers. */
export interface WithRegularizers {
  readonly regularizers: {l2(): object};
}

/** Where all copies of this library look: TF.js may load a model's marks as objects of a copy that is not the regularizer's. */
const MARKS = Symbol.for('tfjs-l2o/flatness-marks/1');
const shared = globalThis as unknown as Record<typeof MARKS, WeakMap<object, FlatnessMark> | undefined>;
// By variable: a mark that was saved comes back as another object.
const marks = shared[MARKS] ??= new WeakMap<object, FlatnessMark>();

/**
 * Marks the weights of a layer that a `FlatnessRegularizer` is to keep flat; made by its `forLayer`. A regularizer of TF.js in form
 * only: it adds nothing to the loss by itself. It is saved and loaded with the model.
 */
export class FlatnessMark extends serialization.Serializable {
  /** Name under which TF.js saves and loads it. */
  static readonly className = 'FlatnessMark';
  /** Factor on the penalty's gradient for these weights; undefined for the regularizer's own. */
  readonly strength: number | undefined;

  /** @throws L2OError `INVALID_ARGUMENT`. */
  constructor({strength}: {readonly strength?: unknown} = {}) {
    super();
    // Saved models have null for undefined.
    this.strength = strength === undefined || strength === null ? undefined
      : new OptionChecks('FlatnessRegularizer.forLayer').number('strength', strength, {min: 0}, 'Leave it out for that of the regularizer.');
  }

  /** Called by the layer with its weight whenever a loss is computed. */
  apply(weight: Tensor): Scalar {
    marks.set(weight, this);
    return scalar(0);
  }

  override getConfig(): serialization.ConfigDict {
    return {strength: this.strength ?? null};
  }

  /** @nocollapse */
  static override fromConfig<T extends serialization.Serializable>(cls: serialization.SerializableConstructor<T>, {strength}: serialization.ConfigDict): T {
    return new cls({strength});
  }
}

/** Finds the marks of layers whose regularizers TF.js leaves out of its losses, as it does those of recurrent cells. */
export function findMarks(layers: readonly object[]): void {
  for (const layer of layers) {
    const members = layer as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(members)) {
      if (!name.endsWith(SUFFIX) || !isMark(value)) continue;
      const weightName = name.slice(0, -SUFFIX.length), weight = (members[weightName] ?? members[`${weightName}Kernel`]) as {read?(): Tensor} | null | undefined;
      if (typeof weight?.read === 'function') marks.set(weight.read(), value);
    }
  }
}

/** Layers keep the regularizer of `kernel` as `kernelRegularizer`, that of `recurrentKernel` as `recurrentRegularizer`. */
const SUFFIX = 'Regularizer';

/** Not by class: there may be two copies of this package. */
function isMark(value: unknown): value is FlatnessMark {
  return typeof value === 'object' && value !== null && (value.constructor as {readonly className?: unknown}).className === FlatnessMark.className;
}

/** The mark of a variable, once a loss with its layer has been computed, or {@link findMarks} has found it. */
export function markOf(variable: object): FlatnessMark | undefined {
  return marks.get(variable);
}

/** Makes layers of a copy of TF.js take marks for regularizers. */
export function adoptRegularizers(tf: WithRegularizers): void {
  // TF.js does not export the class.
  const l2 = tf.regularizers.l2().constructor as ClassLike & (new () => object);
  adoptBase(FlatnessMark, {prototype: Object.getPrototypeOf(l2.prototype) as object});
}

adoptRegularizers({regularizers});

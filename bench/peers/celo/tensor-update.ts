import {factoredAxes} from './factored-axes.js';
import type {CeloKernel} from './step-kernel.js';
import {HIDDEN} from './theta.js';

const NUM_DECAYS = 3;

/** One array in the kernel's memory: some pieces of `count` floats, each with room behind it for what a vector reads too much. */
interface Room {
  readonly pointer: number;
  readonly size: number;
}

/**
 * Celo's per-parameter part for one tensor, computed by `step.c`: accumulators, 30 normalised features, and a network of two hidden
 * layers of four.
 *
 * A tensor of fewer than two dimensions has its full second moments in place of row and column moments.
 *
 * @see L. Metz et al. 2022, "Practical tradeoffs between memory, compute, and performance in learned optimizers", arXiv 2203.11860.
 */
export class CeloTensor {
  /** The struct that `step.c` reads. */
  private readonly at: number;
  private readonly parameter: Room;
  private readonly gradient: Room;
  /** Momenta, second moments, row moments, column moments. */
  private readonly kept: readonly Room[];

  /** @param size Number of elements, ≥ 1. */
  constructor(private readonly kernel: CeloKernel, shape: readonly number[], private readonly size: number) {
    const {numRows, numColumns, rowOf, columnOf, groupOf, numGroups} = factoredAxes(shape), isFactored = shape.length >= 2;
    const run = isFactored ? shape.at(-1)! : size, starts = Array.from({length: size / run}, (_, i) => i * run);
    const room = (count: number, pieces = 1): Room => {
      const length = pieces * (count + 3);
      return {pointer: kernel.allocate(length), size: length};
    };
    const stepOf = (places: Int32Array): number => (run > 1 ? places[1]! - places[0]! : 0);
    this.parameter = room(size);
    this.gradient = room(size);
    this.kept = [room(size, NUM_DECAYS), room(size), room(numRows, NUM_DECAYS), room(isFactored ? numColumns : 0, NUM_DECAYS)];
    const integers = [rowOf, columnOf].map(places => kernel.holdIntegers(starts.map(i => places[i]!)));
    const gradientFactors = room(numRows, NUM_DECAYS), columnFactors = room(numColumns, NUM_DECAYS);
    const pointers = [
      ...integers, kernel.holdIntegers(groupOf), ...[this.parameter, this.gradient, ...this.kept, gradientFactors,
        isFactored ? gradientFactors : room(numRows, NUM_DECAYS), columnFactors, room(numGroups, NUM_DECAYS), room(numRows, HIDDEN), room(numColumns, HIDDEN),
      ].map(({pointer}) => pointer),
    ];
    this.at = kernel.holdIntegers([size, run, numRows, numColumns, numGroups, stepOf(rowOf), stepOf(columnOf), isFactored ? 1 : 0, ...pointers]);
    kernel.floats(columnFactors.pointer, columnFactors.size).fill(1);
  }

  /** Moves `parameter` by one step, in place. @param multiplier Of the step, from the schedule. */
  step(parameter: Float32Array, gradient: Float32Array, multiplier: number): void {
    const {kernel, size} = this, inside = kernel.floats(this.parameter.pointer, size);
    inside.set(parameter);
    kernel.floats(this.gradient.pointer, size).set(gradient);
    kernel.step(this.at, multiplier);
    parameter.set(inside);
  }

  /** The accumulators themselves: views, valid until another tensor is made. */
  get state(): readonly Float32Array[] {
    return this.kept.map(({pointer, size}) => this.kernel.floats(pointer, size));
  }
}

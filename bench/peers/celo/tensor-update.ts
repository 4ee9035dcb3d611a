import {factoredAxes, type FactoredAxes} from './factored-axes.js';
import {HIDDEN, NUM_CHANNELS, type CeloTheta} from './theta.js';

/** Decay rates of momenta and of factored second moments, and of the full second moment. */
const DECAYS = [0.9, 0.99, 0.999] as const, NUM_DECAYS = DECAYS.length, FULL_DECAY = 0.999;
const LARGEST_GRADIENT = 1000;
/** Channels that each element has of its own; the other twelve are the same along a row or a column. */
const NUM_OWN = 18;
/** Where the own channels lie among all, in the order in which {@link CeloTensor} computes them: all but rows and columns. */
const OWN_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 27, 28, 29] as const;
/** First channels of row moments, column moments, and the inverse roots of each. */
const ROW = 15, COLUMN = 18, INVERSE_ROW = 21, INVERSE_COLUMN = 24;

/**
 * Celo's per-parameter part for one tensor: accumulators, 30 normalised features, and a network of two hidden layers of four.
 *
 * A tensor of fewer than two dimensions has its full second moments in place of row and column moments.
 *
 * @see L. Metz et al. 2022, "Practical tradeoffs between memory, compute, and performance in learned optimizers", arXiv 2203.11860.
 */
export class CeloTensor {
  private readonly axes: FactoredAxes;
  private readonly momenta: Float32Array;
  private readonly moments: Float32Array;
  /** Row moments, three a row. */
  private readonly rows: Float32Array;
  /** Column moments; none where the tensor has fewer than two dimensions. */
  private readonly columns: Float32Array;
  /** What gradients and momenta are multiplied with for the factored features, by rows and by columns. */
  private readonly gradientFactors: Float64Array;
  private readonly momentumFactors: Float64Array;
  private readonly columnFactors: Float64Array;
  private readonly own = new Float64Array(NUM_OWN);
  /** First layer with the features' normalisation folded in. */
  private readonly folded = new Float64Array(NUM_CHANNELS * HIDDEN);

  /** @param size Number of elements, ≥ 1. */
  constructor(private readonly theta: CeloTheta, private readonly shape: readonly number[], private readonly size: number) {
    this.axes = factoredAxes(shape);
    const numRows = NUM_DECAYS * this.axes.numRows, numColumns = NUM_DECAYS * this.axes.numColumns, factored = shape.length >= 2;
    this.momenta = new Float32Array(NUM_DECAYS * size);
    this.moments = new Float32Array(size);
    this.rows = new Float32Array(numRows);
    this.columns = new Float32Array(factored ? numColumns : 0);
    this.gradientFactors = new Float64Array(numRows);
    this.momentumFactors = factored ? this.gradientFactors : new Float64Array(numRows);
    this.columnFactors = new Float64Array(numColumns).fill(1);
  }

  /** Moves `parameter` by one step, in place. @param multiplier Of the step, from the schedule. */
  step(parameter: Float32Array, gradient: Float32Array, multiplier: number): void {
    this.accumulate(gradient);
    this.updateFactors();
    const squares = this.foldNormalisation(parameter, gradient);
    this.move(parameter, gradient, multiplier * 1e-3 * Math.sqrt(squares / this.size + 1e-9));
  }

  private accumulate(gradient: Float32Array): void {
    const {axes: {numRows, numColumns, rowOf, columnOf}, size, momenta, moments} = this;
    const rowSums = new Float64Array(numRows), columnSums = new Float64Array(numColumns);
    for (let i = 0, m = 0; i < size; i++, m += NUM_DECAYS) {
      const g = clip(gradient[i]!, LARGEST_GRADIENT), square = g * g;
      momenta[m] = momenta[m]! + (1 - DECAYS[0]) * (g - momenta[m]!);
      momenta[m + 1] = momenta[m + 1]! + (1 - DECAYS[1]) * (g - momenta[m + 1]!);
      momenta[m + 2] = momenta[m + 2]! + (1 - DECAYS[2]) * (g - momenta[m + 2]!);
      moments[i] = moments[i]! + (1 - FULL_DECAY) * (square - moments[i]!);
      rowSums[rowOf[i]!]! += square + 1e-30;
      columnSums[columnOf[i]!]! += square + 1e-30;
    }
    average(this.rows, rowSums, size / numRows);
    average(this.columns, columnSums, size / numColumns);
  }

  private updateFactors(): void {
    const {axes: {groupOf, numGroups, numRows}, rows, columns, gradientFactors, momentumFactors, columnFactors} = this;
    if (this.shape.length < 2) {
      for (let i = 0; i < rows.length; i++) {
        gradientFactors[i] = safeInverseRoot(rows[i]! + 1e-9);
        momentumFactors[i] = 1 / Math.sqrt(rows[i]!);
      }
      return;
    }
    const means = new Float64Array(NUM_DECAYS * numGroups);
    const meanAt = (i: number): number => NUM_DECAYS * groupOf[Math.floor(i / NUM_DECAYS)]! + (i % NUM_DECAYS);
    for (let i = 0; i < rows.length; i++) means[meanAt(i)]! += (rows[i]! * numGroups) / numRows;
    for (let i = 0; i < rows.length; i++) gradientFactors[i] = safeInverseRoot(rows[i]! / (means[meanAt(i)]! + 1e-9));
    for (let i = 0; i < columns.length; i++) columnFactors[i] = safeInverseRoot(columns[i]!);
  }

  /** The channels that are this element's alone, into `own`. */
  private readOwn(i: number, p: number, gradient: number): void {
    const {own, momenta, gradientFactors, momentumFactors, columnFactors} = this, g = clip(gradient, LARGEST_GRADIENT);
    const v = this.moments[i]!, inverseRoot = 1 / Math.sqrt(v + 1e-6);
    const m = NUM_DECAYS * i, row = NUM_DECAYS * this.axes.rowOf[i]!, column = NUM_DECAYS * this.axes.columnOf[i]!;
    own[0] = g;
    own[1] = clip(g, 0.1);
    own[2] = p;
    own[6] = v;
    own[10] = inverseRoot;
    own[14] = g * inverseRoot;
    for (let k = 0; k < NUM_DECAYS; k++) {
      const momentum = momenta[m + k]!, columnFactor = columnFactors[column + k]!;
      own[3 + k] = momentum;
      own[7 + k] = momentum * inverseRoot;
      own[11 + k] = g * gradientFactors[row + k]! * columnFactor;
      own[15 + k] = momentum * momentumFactors[row + k]! * columnFactor;
    }
  }

  /** Folds 1 / RMS of each channel into the first layer. @returns The sum of the parameter's squares. */
  private foldNormalisation(parameter: Float32Array, gradient: Float32Array): number {
    const {size, own, rows, folded} = this, sums = new Float64Array(NUM_OWN), {kernel} = this.theta.network[0];
    for (let i = 0; i < size; i++) {
      this.readOwn(i, parameter[i]!, gradient[i]!);
      for (let c = 0; c < NUM_OWN; c++) sums[c] = sums[c]! + own[c]! * own[c]!;
    }
    const fold = (channel: number, meanSquare: number): void => {
      const scale = 1 / Math.sqrt(1e-5 + meanSquare);
      for (let j = 0; j < HIDDEN; j++) folded[channel * HIDDEN + j] = kernel[channel * HIDDEN + j]! * scale;
    };
    OWN_CHANNELS.forEach((channel, c) => fold(channel, sums[c]! / size));
    const columns = this.columns.length === 0 ? rows : this.columns;
    for (let k = 0; k < NUM_DECAYS; k++) {
      fold(ROW + k, meanOf(rows, k, x => x * x));
      fold(COLUMN + k, meanOf(columns, k, x => x * x));
      fold(INVERSE_ROW + k, meanOf(rows, k, x => 1 / (x + 1e-8)));
      fold(INVERSE_COLUMN + k, meanOf(columns, k, x => 1 / (x + 1e-8)));
    }
    return sums[2]!;
  }

  /** Adds to each entry of `share` what the channels of its moments give to the first layer. @param share `[entries, HIDDEN]`. */
  private addShare(share: Float64Array, moments: Float32Array, channel: number, inverseChannel: number): void {
    const {folded} = this;
    for (let at = 0, e = 0; at < moments.length; at += NUM_DECAYS, e += HIDDEN) {
      for (let k = 0; k < NUM_DECAYS; k++) {
        const x = moments[at + k]!, inverse = 1 / Math.sqrt(x + 1e-8);
        for (let j = 0; j < HIDDEN; j++) {
          share[e + j] = share[e + j]! + x * folded[(channel + k) * HIDDEN + j]! + inverse * folded[(inverseChannel + k) * HIDDEN + j]!;
        }
      }
    }
  }

  private move(parameter: Float32Array, gradient: Float32Array, scale: number): void {
    const {axes: {numRows, numColumns, rowOf, columnOf}, size, own, rows, columns} = this, [first, second, third] = this.theta.network;
    const rowShare = new Float64Array(HIDDEN * numRows), columnShare = new Float64Array(HIDDEN * numColumns);
    this.addShare(rowShare, rows, ROW, INVERSE_ROW);
    if (columns.length === 0) this.addShare(rowShare, rows, COLUMN, INVERSE_COLUMN);
    else this.addShare(columnShare, columns, COLUMN, INVERSE_COLUMN);
    const kernel = Float64Array.from(OWN_CHANNELS.flatMap(channel => [...this.folded.subarray(channel * HIDDEN, (channel + 1) * HIDDEN)])); // [18, HIDDEN]
    const [bias0, bias1, bias2, bias3] = first.bias as unknown as readonly [number, number, number, number], w = second.kernel;
    for (let i = 0; i < size; i++) {
      this.readOwn(i, parameter[i]!, gradient[i]!);
      const row = HIDDEN * rowOf[i]!, column = HIDDEN * columnOf[i]!;
      let a0 = bias0 + rowShare[row]! + columnShare[column]!, a1 = bias1 + rowShare[row + 1]! + columnShare[column + 1]!;
      let a2 = bias2 + rowShare[row + 2]! + columnShare[column + 2]!, a3 = bias3 + rowShare[row + 3]! + columnShare[column + 3]!;
      for (let c = 0, at = 0; c < NUM_OWN; c++, at += HIDDEN) {
        const x = own[c]!;
        a0 += x * kernel[at]!;
        a1 += x * kernel[at + 1]!;
        a2 += x * kernel[at + 2]!;
        a3 += x * kernel[at + 3]!;
      }
      a0 = Math.max(0, a0);
      a1 = Math.max(0, a1);
      a2 = Math.max(0, a2);
      a3 = Math.max(0, a3);
      let direction = third.bias[0]!, magnitude = third.bias[1]!;
      for (let j = 0; j < HIDDEN; j++) {
        const b = Math.max(0, second.bias[j]! + a0 * w[j]! + a1 * w[HIDDEN + j]! + a2 * w[2 * HIDDEN + j]! + a3 * w[3 * HIDDEN + j]!);
        direction += b * third.kernel[3 * j]!;
        magnitude += b * third.kernel[3 * j + 1]!;
      }
      parameter[i] = parameter[i]! - scale * direction * Math.exp(1e-3 * magnitude);
    }
  }

  /** The accumulators themselves. */
  get state(): readonly Float32Array[] {
    return [this.momenta, this.moments, this.rows, this.columns];
  }
}

function clip(x: number, limit: number): number {
  return x > limit ? limit : x < -limit ? -limit : x;
}

function safeInverseRoot(x: number): number {
  return 1 / Math.sqrt(Math.max(x, 1e-9));
}

/** Moves each of the three averages of each entry towards this step's mean. */
function average(moments: Float32Array, sums: Float64Array, count: number): void {
  for (let i = 0; i < moments.length; i++) {
    moments[i]! += (1 - DECAYS[i % NUM_DECAYS]!) * (sums[Math.floor(i / NUM_DECAYS)]! / count - moments[i]!);
  }
}

function meanOf(moments: Float32Array, k: number, f: (x: number) => number): number {
  let sum = 0;
  for (let i = k; i < moments.length; i += NUM_DECAYS) sum += f(moments[i]!);
  return sum / (moments.length / NUM_DECAYS);
}

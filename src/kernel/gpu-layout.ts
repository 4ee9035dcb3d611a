import {L2OError} from '../errors.js';
import type {TexelSize} from './gpu-program.js';

/** Integers up to this one are exact as floats, which GPU tables hold them in. */
const MOST_TEXELS = 1 << 24;
const MIN_CHUNK = 16;

/** Where the values of a few variables are, side by side in one plane of texels. */
export interface Layout {
  /** Elements of each variable. */
  readonly sizes: readonly number[];
  /** The first texel of each: variables begin at texels of their own, and the rest of their last one is 0. */
  readonly starts: readonly number[];
  /** Texels of all variables. The texel after them holds the loss. */
  readonly numTexels: number;
  /** Its columns are a power of 2. */
  readonly plane: TexelSize;
  /** Ranges of texels, each of one variable, that are summed one by one before their sums are: `[start, end)` and its variable. */
  readonly chunks: ReadonlyArray<{readonly start: number; readonly end: number; readonly variable: number}>;
  /** The chunks of each variable, `[first, end)`. */
  readonly chunksOf: ReadonlyArray<{readonly first: number; readonly end: number}>;
}

/**
 * Lays out variables of the given sizes, none of them 0.
 * @throws L2OError `INVALID_ARGUMENT` where there are too many parameters.
 */
export function layOut(sizes: readonly number[]): Layout {
  const starts: number[] = [];
  let numTexels = 0;
  for (const size of sizes) {
    starts.push(numTexels);
    numTexels += Math.ceil(size / 4);
  }
  if (numTexels >= MOST_TEXELS) {
    throw new L2OError('INVALID_ARGUMENT', `LearnedOptimizer: expected fewer than ${4 * MOST_TEXELS} parameters on a GPU backend, got about ${4 * numTexels}. Train on the wasm or node backend, or freeze layers.`);
  }
  // Nearly square: textures are no wider than some thousands, and pixels are computed in squares.
  const columns = 2 ** Math.ceil(Math.log2(numTexels + 1) / 2), length = Math.max(MIN_CHUNK, columns);
  const chunks: Array<Layout['chunks'][number]> = [], chunksOf: Array<Layout['chunksOf'][number]> = [];
  sizes.forEach((size, variable) => {
    const first = chunks.length, last = starts[variable]! + Math.ceil(size / 4);
    for (let start = starts[variable]!; start < last; start += length) chunks.push({start, end: Math.min(start + length, last), variable});
    chunksOf.push({first, end: chunks.length});
  });
  return {sizes, starts, numTexels, plane: {rows: Math.ceil((numTexels + 1) / columns), columns}, chunks, chunksOf};
}

/** The variable that each texel of the plane belongs to: 4 floats a texel, all but the first 0. */
export function variableTable({plane, starts, numTexels}: Layout): Float32Array {
  const table = new Float32Array(4 * plane.rows * plane.columns);
  starts.forEach((start, variable) => {
    for (let texel = start; texel < (starts[variable + 1] ?? numTexels); texel++) table[4 * texel] = variable;
  });
  return table;
}

/** Start and end of each chunk, one texel each. */
export function chunkTable({chunks}: Layout): Float32Array {
  return Float32Array.from(chunks.flatMap(({start, end}) => [start, end, 0, 0]));
}

/** Texels of {@link tensorTable}, for each variable. */
export const TENSOR_TABLE_COLUMNS = 2;

/** What is known of each variable beforehand: its chunks, size and decay; then the features of its shape. */
export function tensorTable({sizes, chunksOf}: Layout, shapes: ReadonlyArray<readonly number[]>, weightDecays: readonly number[]): Float32Array {
  return Float32Array.from(shapes.flatMap((shape, i) => {
    const logSize = Math.log(sizes[i]!), {first, end} = chunksOf[i]!;
    return [
      first, end, sizes[i]!, weightDecays[i]!,
      logSize / 5 - 1, Number(shape.length >= 2), Number(shape.length >= 3), shape.length >= 2 ? (logSize - 2 * Math.log(shape.at(-1)!)) / 4 : 0,
    ];
  }));
}

/**
 * The rows of one batch, drawn with replacement: they depend on seed and step alone. The compiled rollout engine draws
 * the same (`mix32` in `kernel/mix.h`), so that both engines see the same batches.
 *
 * @param seed Of the split's batches, 0 … 2^32 - 1.
 * @param step Which batch, from 0.
 */
export function batchRows(seed: number, step: number, batchSize: number, numExamples: number): Int32Array {
  const key = mix(seed ^ Math.imul(0x9e3779b9, step + 1));
  return Int32Array.from({length: batchSize}, (_, i) => mix(key + Math.imul(i, 0x85ebca6b)) % numExamples);
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

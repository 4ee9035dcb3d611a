/** One entry of an encoded tree where a Float32Array was: its offset and length in floats. */
const ARRAY_KEY = '$f32';
/** One entry where a number was that JSON has no word for. */
const NUMBER_KEY = '$number';

/** A tree of plain data as JSON, with its arrays beside it. */
export interface EncodedTree {
  readonly json: string;
  readonly floats: Float32Array;
}

/** Encodes a tree of objects, lists, strings, numbers, booleans, null and Float32Arrays; every bit of them is kept. */
export function encodeTree(tree: unknown): EncodedTree {
  const arrays: Float32Array[] = [];
  let size = 0;
  const json = JSON.stringify(tree, (_, value: unknown) => {
    if (value instanceof Float32Array) {
      arrays.push(value);
      size += value.length;
      return {[ARRAY_KEY]: [size - value.length, value.length]};
    }
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return {[NUMBER_KEY]: Object.is(value, -0) ? '-0' : String(value)};
    return value;
  });
  const floats = new Float32Array(size);
  let at = 0;
  for (const array of arrays) {
    floats.set(array, at);
    at += array.length;
  }
  return {json, floats};
}

/** The tree that {@link encodeTree} was given; its arrays are copies. @throws SyntaxError or RangeError where it is damaged. */
export function decodeTree({json, floats}: EncodedTree): unknown {
  return JSON.parse(json, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (ARRAY_KEY in value) {
      const [start, length] = value[ARRAY_KEY] as [number, number];
      if (!(start >= 0 && length >= 0 && start + length <= floats.length)) throw new RangeError('an array lies outside the data');
      return floats.slice(start, start + length);
    }
    return NUMBER_KEY in value ? Number(value[NUMBER_KEY]) : value;
  }) as unknown;
}

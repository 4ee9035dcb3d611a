import {L2OError} from '../../../src/errors.js';

/** One float32 array of an `.npz` file. */
export interface NpzArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const LOCAL_FILE = 0x04034b50, CENTRAL_ENTRY = 0x02014b50, END_OF_DIRECTORY = 0x06054b50;

/**
 * Reads NumPy's `.npz` as `numpy.savez` writes it: a zip archive, stored without compression, of `.npy` arrays of float32.
 *
 * @returns The arrays by their names without `.npy`.
 * @throws L2OError 'CORRUPT_FILE' where the bytes are something else.
 */
export function parseNpz(bytes: Uint8Array): Map<string, NpzArray> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), arrays = new Map<string, NpzArray>();
  try {
    let end = bytes.length - 22;
    while (end >= 0 && view.getUint32(end, true) !== END_OF_DIRECTORY) end--;
    expect(end >= 0, 'a whole archive');
    const count = view.getUint16(end + 10, true);
    let entry = view.getUint32(end + 16, true);
    for (let i = 0; i < count; i++) {
      expect(view.getUint32(entry, true) === CENTRAL_ENTRY && view.getUint16(entry + 10, true) === 0, 'stored entries');
      const size = view.getUint32(entry + 24, true), nameLength = view.getUint16(entry + 28, true);
      const name = new TextDecoder().decode(bytes.subarray(entry + 46, entry + 46 + nameLength)), local = view.getUint32(entry + 42, true);
      expect(view.getUint32(local, true) === LOCAL_FILE, 'a local header for each entry');
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      arrays.set(name.replace(/\.npy$/, ''), parseNpy(Uint8Array.from(bytes.subarray(start, start + size))));
      entry += 46 + nameLength + view.getUint16(entry + 30, true) + view.getUint16(entry + 32, true);
    }
  } catch (error) {
    if (error instanceof L2OError) throw error;
    throw corrupt('a whole archive', error);
  }
  return arrays;
}

/** @param bytes A copy of their own, so that they are aligned. */
function parseNpy(bytes: Uint8Array): NpzArray {
  const view = new DataView(bytes.buffer), start = 10 + view.getUint16(8, true), header = latin1(bytes.subarray(10, start));
  const [, sizes] = /'shape': \(([^)]*)\)/.exec(header) ?? [];
  expect(latin1(bytes.subarray(1, 6)) === 'NUMPY' && bytes[6] === 1, 'arrays in version 1 of the npy format');
  expect(header.includes("'descr': '<f4'") && header.includes("'fortran_order': False") && sizes !== undefined, 'row-major arrays of little-endian float32');
  const shape = (sizes!.match(/\d+/g) ?? []).map(Number);
  const values = new Float32Array(bytes.buffer.slice(start));
  expect(values.length === shape.reduce((product, size) => product * size, 1), 'as many numbers as the shape says');
  return {shape, values};
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw corrupt(what);
}

function corrupt(expected: string, cause?: unknown): L2OError {
  return new L2OError('CORRUPT_FILE', `npz: expected ${expected}, as numpy.savez writes them, got something else. Fetch the file again.`, {cause});
}

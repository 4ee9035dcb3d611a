/** How the second moments of a tensor are factored into rows and columns. */
export interface FactoredAxes {
  readonly numRows: number;
  readonly numColumns: number;
  /** For each element its entry in the row moments: its place with the largest axis left out. */
  readonly rowOf: Int32Array;
  /** For each element its entry in the column moments: its place with the second largest axis left out. */
  readonly columnOf: Int32Array;
  /** For each row the group over which row moments are averaged: its place with both axes left out. */
  readonly groupOf: Int32Array;
  readonly numGroups: number;
}

/**
 * The axes over which a shape is factored: the two largest, the later of equal ones the larger. Fewer than two dimensions are
 * not: then each element is a row of its own, in one column.
 */
export function factoredAxes(shape: readonly number[]): FactoredAxes {
  const size = shape.reduce((product, n) => product * n, 1);
  if (shape.length < 2) {
    const each = Int32Array.from({length: size}, (_, i) => i);
    return {numRows: size, numColumns: 1, rowOf: each, columnOf: new Int32Array(size), groupOf: each, numGroups: size};
  }
  // Stable, as NumPy's argsort is for so few.
  const order = shape.map((_, axis) => axis).sort((a, b) => shape[a]! - shape[b]!);
  const second = order.at(-2)!, largest = order.at(-1)!;
  const without = (...axes: number[]): number[] => {
    const strides = new Array<number>(shape.length).fill(0);
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (axes.includes(axis)) continue;
      strides[axis] = stride;
      stride *= shape[axis]!;
    }
    return strides;
  };
  const placeOf = (strides: readonly number[]) => (element: number): number => {
    let rest = element, place = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return place;
  };
  const row = placeOf(without(largest)), column = placeOf(without(second)), group = placeOf(without(largest, second));
  const rowOf = new Int32Array(size), columnOf = new Int32Array(size), numRows = size / shape[largest]!, groupOf = new Int32Array(numRows);
  for (let i = 0; i < size; i++) {
    rowOf[i] = row(i);
    columnOf[i] = column(i);
    groupOf[rowOf[i]!] = group(i);
  }
  return {numRows, numColumns: size / shape[second]!, rowOf, columnOf, groupOf, numGroups: numRows / shape[second]!};
}

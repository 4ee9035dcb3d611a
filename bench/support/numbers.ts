/** The middle one of the values, of an even number of them the upper of the two; NaN without any. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** `value` to so many decimals. */
export function toDecimals(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/** `value` to so many significant digits. */
export function toDigits(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

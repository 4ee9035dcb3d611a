import type {Estimate} from './statistics.js';

/** A number to `digits` significant digits, in words where it is not finite, and as a power of ten far from 1. */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '−infinite';
  const text = isReadable(value) ? plain(value, digits) : trimExponent(value.toExponential(digits - 1));
  return text.replace('-', '−').replace('e−', 'e-');
}

/**
 * "mean ± half-width", both to the same decimal; the mean alone where there is no interval.
 *
 * @param decimals Default: enough for two significant digits of the half-width.
 */
export function formatEstimate({mean, high}: Estimate, decimals?: number): string {
  const halfWidth = high - mean;
  if (!Number.isFinite(mean)) return formatNumber(mean);
  if (!Number.isFinite(halfWidth)) return decimals === undefined ? formatNumber(mean) : mean.toFixed(decimals);
  const places = decimals ?? decimalsFor(mean, halfWidth);
  return `${mean.toFixed(places)} ± ${halfWidth.toFixed(places)}`;
}

/** An estimate from 0 to 1 in percent, to one decimal. */
export function formatPercent({mean, low, high}: Estimate): string {
  return formatEstimate({mean: mean * 100, low: low * 100, high: high * 100}, 1);
}

/** A stretch of time in the two coarsest units that matter, such as "48 s" or "2 min 5 s". */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  const minutes = Math.round(rounded / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function isReadable(value: number): boolean {
  const size = Math.abs(value);
  return size === 0 || (size >= 1e-3 && size < 1e6);
}

function plain(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1e3 ? Math.round(value).toString() : rounded.toString();
}

function trimExponent(text: string): string {
  const [mantissa, exponent] = text.split('e');
  return `${Number(mantissa)}e${exponent!.replace('+', '')}`;
}

/** Two significant digits of the half-width, but never fewer digits than show the mean's first two. */
function decimalsFor(mean: number, halfWidth: number): number {
  const smallest = halfWidth > 0 ? Math.min(halfWidth, Math.abs(mean) || halfWidth) : Math.abs(mean);
  if (smallest === 0) return 0;
  return Math.max(0, Math.min(8, 1 - Math.floor(Math.log10(smallest))));
}

/** How values spread over an axis. */
export type ScaleType = 'linear' | 'log';

/** Maps values to positions along an axis. */
export interface Scale {
  readonly type: ScaleType;
  /** The two ends of the axis. */
  readonly domain: readonly [number, number];
  /** Where to draw ticks, with their labels; a label is empty where it would crowd. */
  readonly ticks: readonly Tick[];
  /** @returns The position, from 0 at the domain's low end to 1 at its high end. */
  position(value: number): number;
}

/** A mark on an axis. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Whether `value` has a place on an axis of this type: finite, and positive where the axis is logarithmic. */
export function isDrawable(value: number, type: ScaleType): boolean {
  return Number.isFinite(value) && (type === 'linear' || value > 0);
}

/**
 * A scale that holds all drawable `values`, widened to round ends. Without any such value it runs from 0 to 1, or from
 * 0.1 to 1 on a logarithmic axis.
 *
 * @param numTicks About how many labelled ticks fit on the axis.
 */
export function scaleFor(values: Iterable<number>, type: ScaleType, numTicks: number): Scale {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (!isDrawable(value, type)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = type === 'log' ? [0.1, 1] : [0, 1];
  return type === 'log' ? logScale(low, high, numTicks) : linearScale(low, high, numTicks);
}

function linearScale(low: number, high: number, numTicks: number): Scale {
  if (low === high) {
    const margin = Math.abs(low) / 2 || 0.5;
    low -= margin;
    high += margin;
  }
  const step = roundStep((high - low) / numTicks);
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks: Tick[] = [];
  for (let i = first; i <= last; i++) ticks.push({value: i * step, label: (i * step).toFixed(decimals).replace('-', '−')});
  const [start, end] = [first * step, last * step];
  return {type: 'linear', domain: [start, end], ticks, position: (value) => (value - start) / (end - start)};
}

/** The nearest of 1, 2 and 5 times a power of ten that is not below `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const multiple = [1, 2, 5].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return multiple * power;
}

function logScale(low: number, high: number, numTicks: number): Scale {
  const start = roundDownLog(low);
  let end = roundUpLog(high);
  if (start === end) end = roundUpLog(start * 1.5);
  const position = (value: number): number => Math.log(value / start) / Math.log(end / start);
  return {type: 'log', domain: [start, end], ticks: logTicks(start, end, numTicks), position};
}

function logTicks(start: number, end: number, numTicks: number): Tick[] {
  const decades = Math.log10(end / start);
  const labelled = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7];
  const stride = Math.max(1, Math.ceil(decades / numTicks));
  const ticks: Tick[] = [];
  for (let exponent = Math.floor(Math.log10(start) + 1e-9); exponent <= Math.log10(end) + 1e-9; exponent++) {
    for (let digit = 1; digit <= 9; digit++) {
      const value = Number(`${digit}e${exponent}`);
      if (value < start * (1 - 1e-9) || value > end * (1 + 1e-9)) continue;
      const isLabelled = labelled.includes(digit) && exponent % stride === 0;
      if (isLabelled || stride === 1) ticks.push({value, label: isLabelled ? powerLabel(digit, exponent) : ''});
    }
  }
  return ticks;
}

function powerLabel(digit: number, exponent: number): string {
  return exponent >= -4 && exponent <= 4 ? `${Number(`${digit}e${exponent}`)}` : `${digit}e${exponent}`;
}

function roundDownLog(value: number): number {
  const exponent = Math.floor(Math.log10(value));
  const digit = Math.max(1, Math.floor((value / 10 ** exponent) * (1 + 1e-9)));
  return Number(`${digit}e${exponent}`);
}

function roundUpLog(value: number): number {
  const exponent = Math.floor(Math.log10(value));
  const digit = Math.ceil((value / 10 ** exponent) * (1 - 1e-9));
  return Number(`${digit}e${exponent}`);
}

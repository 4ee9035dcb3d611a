import {CONSTANTS, GLOBAL_FEATURES, LOSS_SLOTS, NUM_LOSS_SLOTS, THETA_SIZE, thetaEntry} from '../rules/tensor-lstm/spec.js';
import type {Layout} from './gpu-layout.js';
import {literal, mathFunctions, type Dialect, type GpuProgram} from './gpu-program.js';
import {pace, timeFeatures} from './js-global.js';
import type {StepOptions} from './types.js';

/** What all variables of a step share, by float: what the step is made with, then the loss slots, then the global features. */
export const GLOBALS = {
  /** 1 where the loss and all gradients are finite, else 0: then nothing changes. */
  made: 0,
  gradientScale: 1,
  /** The least RMS that steps are relative to. */
  floor: 2,
  /** The feature meanSnr. */
  meanSnr: 3,
  /** Guard times pace times learning rate. */
  guard: 4,
  lossSlots: 5,
  features: 5 + NUM_LOSS_SLOTS,
} as const;
const NUM_GLOBALS = GLOBALS.features + GLOBAL_FEATURES.length;
export const GLOBALS_COLUMNS = Math.ceil(NUM_GLOBALS / 4);

/** Columns of theta as a matrix of texels: gates of one input a row. */
export const THETA_COLUMNS = thetaEntry('gateKernel').shape[1]! / 4;
export const THETA_ROWS = Math.ceil(THETA_SIZE / (4 * THETA_COLUMNS));

/** Texel number `index` of an array of theta that starts at a texel. */
export function thetaTexel(d: Dialect, array: string, index: number | string): string {
  const at = `(${thetaEntry(array).offset / 4} + ${index})`;
  return d.texel('Theta', `${at} / ${THETA_COLUMNS}`, `${at} % ${THETA_COLUMNS}`);
}

const NUM_TIME_FEATURES = GLOBAL_FEATURES.indexOf('hasLoss');
const {LOSS_FAST, LOSS_SLOW, LOSS_SLOWER, LOSS_NOISE, LOSS_NOISE_LEAST, LOSS_FORGET, GUARD_RANGE, GUARD_SLACK, FLOOR_ABSOLUTE, FLOOR_RELATIVE, FLOOR_UNKNOWN} = CONSTANTS;

/** Uniforms of {@link globalsProgram} for one step. */
export function globalUniforms(options: StepOptions, hasLoss: boolean): number[][] {
  const time = timeFeatures(options), features = GLOBAL_FEATURES.slice(0, NUM_TIME_FEATURES).map(name => time[name as keyof typeof time]);
  const given = [...features, pace(options) * options.learningRate, options.clipNorm ?? 0, hasLoss ? 1 : 0];
  return [given.slice(0, 4), given.slice(4, 8), given.slice(8, 12)];
}

function takeLoss(d: Dialect): string {
  const slot = (name: keyof typeof LOSS_SLOTS): string => `values[${GLOBALS.lossSlots + LOSS_SLOTS[name]}]`;
  return `
    ${d.float} seen = ${slot('seen')}; ${d.float} surprise = 0.0;
    if (seen < 0.5) {
      ${slot('first')} = loss; ${slot('fast')} = loss; ${slot('slow')} = loss; ${slot('slower')} = loss; ${slot('minimum')} = loss; ${slot('noise')} = 0.0;
    } else {
      ${d.float} deviation = loss - ${slot('fast')}; ${d.float} rate = 1.0 / (seen + 1.0); ${d.float} old = ${slot('fast')};
      surprise = softsignRatio(deviation / 2.0, leastNoise(${slot('noise')}, old));
      ${slot('noise')} += (abs(deviation) - ${slot('noise')}) * max(${literal(LOSS_NOISE)}, 1.0 / seen);
      ${slot('fast')} += deviation * max(${literal(LOSS_FAST)}, rate);
      ${slot('slow')} += (loss - ${slot('slow')}) * max(${literal(LOSS_SLOW)}, rate);
      ${slot('slower')} += (loss - ${slot('slower')}) * max(${literal(LOSS_SLOWER)}, rate);
      ${slot('minimum')} = min(${slot('fast')}, ${slot('minimum')} + (${slot('fast')} - ${slot('minimum')}) * ${literal(LOSS_FORGET)});
    }
    ${slot('seen')} = min(seen + 1.0, 1e6);
    ${d.float} fast = ${slot('fast')}; ${d.float} slow = ${slot('slow')}; ${d.float} minimum = ${slot('minimum')};
    ${d.float} noise = leastNoise(${slot('noise')}, fast); ${d.float} size = abs(${slot('first')}); ${d.float} offset = size * 1e-5 + 1e-20;
    rise = logOnePlus(min((fast - minimum) / (abs(minimum) + 2.0 * noise), 1e9));
    ${lossFeatures({
      hasLoss: '1.0',
      lossTrend: 'softsignRatio(fast - slow, noise)',
      lossSurprise: 'surprise',
      lossProgress: 'clamp(log((abs(fast) + offset) / (size + offset)) / 4.0, -3.0, 3.0)',
      lossSlope: 'clamp(4.0 * (fast - slow) / (max(abs(slow), noise) + 1e-20), -2.0, 2.0)',
      lossRise: `min(rise, ${literal(GUARD_RANGE)}) / 2.0`,
      lossTrendSlow: `softsignRatio(slow - ${slot('slower')}, noise)`,
      lossNoise: '(log(min(noise / (abs(fast) + 1e-20), 1e4) + 1e-4) + 3.0) / 4.0',
    })}`;
}

function lossFeatures(values: Readonly<Record<Extract<(typeof GLOBAL_FEATURES)[number], 'hasLoss' | `loss${string}`>, string>>): string {
  return Object.entries(values).map(([name, value]) => `values[${GLOBALS.features + (GLOBAL_FEATURES as readonly string[]).indexOf(name)}] = ${value};`).join('\n');
}

/**
 * Takes the loss of the step, which stands in the gradients' plane behind them, and computes {@link GLOBALS} from those of the
 * step before, and from what {@link totalsProgram} found for each variable.
 */
export function globalsProgram({sizes, numTexels, plane}: Layout): GpuProgram {
  const numParameters = sizes.reduce((a, b) => a + b, 0), numTensors = sizes.length;
  return {
    name: `globals ${numTensors} ${numParameters} ${numTexels} ${plane.columns}`,
    rows: 1, columns: GLOBALS_COLUMNS,
    inputs: {Before: GLOBALS_COLUMNS, Totals: 1, Gradient: plane.columns, Theta: THETA_COLUMNS},
    uniforms: ['time0', 'time1', 'time2'],
    functions: d => mathFunctions(d) + d.fn('leastNoise', ['noise', 'level'], `return noise + ${literal(LOSS_NOISE_LEAST)} * abs(level) + 1e-20;`),
    body: d => `
      ${d.array('values', 4 * GLOBALS_COLUMNS)}
      ${d.loop('i', 0, GLOBALS_COLUMNS)} {
        ${d.vec4} before = ${d.texel('Before', 0, 'i')};
        values[4 * i] = before.x; values[4 * i + 1] = before.y; values[4 * i + 2] = before.z; values[4 * i + 3] = before.w;
      }
      ${d.float} squares = 0.0; ${d.float} initial = 0.0; ${d.float} snr = 0.0;
      ${d.loop('t', 0, numTensors)} {
        ${d.vec4} total = ${d.texel('Totals', 't', 0)};
        squares += total.x; snr += total.z; initial += total.w / ${literal(numParameters)};
      }
      ${d.vec4} times0 = ${d.uniform('time0')}; ${d.vec4} times1 = ${d.uniform('time1')}; ${d.vec4} times2 = ${d.uniform('time2')};
      ${d.float} loss = ${d.texel('Gradient', Math.floor(numTexels / plane.columns), numTexels % plane.columns)}.x;
      ${d.float} made = isNumber(squares) * ${d.pick('times2.w > 0.5', 'isNumber(loss)', '1.0')};
      ${d.float} rise = 0.0;
      ${Array.from({length: NUM_TIME_FEATURES}, (_, i) => `values[${GLOBALS.features + i}] = times${i >> 2}[${i % 4}];`).join(' ')}
      if (times2.w < 0.5) {
        ${lossFeatures({hasLoss: '0.0', lossTrend: '0.0', lossSurprise: '0.0', lossProgress: '0.0', lossSlope: '0.0', lossRise: '0.0', lossTrendSlow: '0.0', lossNoise: '0.0'})}
      } else if (made > 0.5) {
        ${takeLoss(d)}
      }
      ${d.float} strength = max(${thetaTexel(d, 'headBias', 0)}.y, 0.0);
      ${d.float} firstRms = sqrt(initial);
      values[${GLOBALS.made}] = made;
      values[${GLOBALS.gradientScale}] = ${d.pick('times2.z > 0.0', 'times2.z / max(sqrt(squares), times2.z)', '1.0')};
      values[${GLOBALS.floor}] = ${d.pick(`firstRms < ${literal(FLOOR_UNKNOWN)}`, literal(FLOOR_ABSOLUTE), `${literal(FLOOR_RELATIVE)} * firstRms`)};
      values[${GLOBALS.meanSnr}] = snr / ${literal(2 * numTensors)};
      values[${GLOBALS.guard}] = times2.y * exp(-strength * clamp(rise - ${literal(GUARD_SLACK)}, 0.0, ${literal(GUARD_RANGE)}));
      result = vec4(values[4 * column], values[4 * column + 1], values[4 * column + 2], values[4 * column + 3]);`,
  };
}

import {CONSTANTS, GLOBAL_FEATURES, LOSS_SLOTS, NUM_LOSS_SLOTS, THETA_SIZE, thetaEntry} from '../rules/tensor-lstm/spec.js';
import type {Layout} from './gpu-layout.js';
import {literal, mathFunctions, type Dialect, type GpuProgram} from './gpu-program.js';
import type {StepOptions} from './types.js';

/** What all variables of a step share, by float: what the step is made with and what is counted, then the loss slots, then the global features. */
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
  /** Steps that have been skipped: the host counts them as time, for it knows of them late. */
  skipped: 5,
  lossSlots: 6,
  features: 6 + NUM_LOSS_SLOTS,
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

const {
  COOLDOWN_SHARE, DECAY_TIME, LOSS_FAST, LOSS_SLOW, LOSS_SLOWER, LOSS_NOISE, LOSS_NOISE_LEAST, LOSS_FORGET, GUARD_RANGE, GUARD_SLACK, FLOOR_ABSOLUTE, FLOOR_RELATIVE, FLOOR_UNKNOWN, HORIZON_KNOWN, TIME_KNOWN,
} = CONSTANTS;

/** Uniforms of {@link globalsProgram} for one step. */
export function globalUniforms({time, horizon, learningRate, clipNorm}: StepOptions, hasLoss: boolean): number[][] {
  return [[time, horizon, learningRate, clipNorm ?? 0], [hasLoss ? 1 : 0, 0, 0, 0]];
}

type Feature = (typeof GLOBAL_FEATURES)[number];
type LossFeature = Extract<Feature, 'hasLoss' | `loss${string}`>;

function setFeatures(values: Readonly<Partial<Record<Feature, string>>>): string {
  return Object.entries(values).map(([name, value]) => `values[${GLOBALS.features + GLOBAL_FEATURES.indexOf(name as Feature)}] = ${value};`).join('\n');
}

const NO_LOSS: Readonly<Record<LossFeature, string>> = {
  hasLoss: '0.0', lossTrend: '0.0', lossSurprise: '0.0', lossProgress: '0.0', lossSlope: '0.0', lossRise: '0.0', lossTrendSlow: '0.0', lossNoise: '0.0',
};

/** A plan of one step has become longer than any count of steps that a float holds. */
const MOST_DOUBLINGS = 25;

// The features of time, and the pace; `given` holds the uniforms. The weights headBias, guard, cooldown and decay are one texel.
function takeTime(d: Dialect): string {
  const planned = (value: string): string => d.pick('planned', value, '0.0'), features: Record<Exclude<Feature, LossFeature>, string> = {
    hasHorizon: planned('1.0'),
    fraction: planned('2.0 * share - 1.0'),
    fractionStart: planned('tangent(10.0 * (share - 0.1))'),
    logRemaining: planned(`log(1.01 - share) / ${literal(Math.LN10)} + 1.0`),
    fractionEnd: planned('tangent(20.0 * (share - 0.95))'),
    logHorizon: planned('clamp((log(max(end, 1.0)) - 6.5) / 2.0, -3.0, 3.0)'),
    logTime: 'tangent(logTime / 3.0 - 1.0)',
    logTimeLinear: 'min((logTime - 4.0) / 3.0, 3.0)',
    inverseRootTime: '1.0 / sqrt(known + 1.0)',
  };
  return `
    ${d.float} time = given.x - values[${GLOBALS.skipped}];
    ${d.floatVariable} end = given.y;
    ${d.loop('k', 0, MOST_DOUBLINGS)} { if (end > 0.0 && end <= time) { end *= 2.0; } }
    ${d.float} share = ${d.pick('end > 0.0', 'time / max(end, 1.0)', '0.0')};
    ${d.float} known = min(time, ${literal(TIME_KNOWN)}); ${d.float} logTime = logOnePlus(known);
    ${d.float} beyond = ${d.pick(`time > ${literal(TIME_KNOWN)}`, `${literal(TIME_KNOWN)} / max(time, 1.0)`, '1.0')};
    ${d.vec4} ends = ${thetaTexel(d, 'headBias', 0)};
    ${d.floatVariable} pace = exp(-0.5 * max(ends.w, 0.0) * logOnePlus(known / ${literal(DECAY_TIME)}));
    ${d.bool} planned = end > 0.0 && end <= ${literal(HORIZON_KNOWN)};
    if (planned) { pace = exp(max(ends.z, 0.0) * log(min(1.0, (1.0 - share) / ${literal(COOLDOWN_SHARE)}))); }
    else if (end > 0.0) { pace *= sqrt(beyond) * (1.0 - share); } else { pace *= beyond; }
    ${setFeatures(features)}`;
}

function takeLoss(d: Dialect): string {
  const slot = (name: keyof typeof LOSS_SLOTS): string => `values[${GLOBALS.lossSlots + LOSS_SLOTS[name]}]`;
  return `
    ${d.float} seen = ${slot('seen')}; ${d.floatVariable} surprise = 0.0;
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
    ${setFeatures({
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
    uniforms: ['options0', 'options1'],
    functions: d => mathFunctions(d) + d.fn('leastNoise', ['noise', 'level'], `return noise + ${literal(LOSS_NOISE_LEAST)} * abs(level) + 1e-20;`),
    body: d => `
      ${d.array('values', 4 * GLOBALS_COLUMNS)}
      ${d.loop('i', 0, GLOBALS_COLUMNS)} {
        ${d.vec4} before = ${d.texel('Before', 0, 'i')};
        values[4 * i] = before.x; values[4 * i + 1] = before.y; values[4 * i + 2] = before.z; values[4 * i + 3] = before.w;
      }
      ${d.floatVariable} squares = 0.0; ${d.floatVariable} initial = 0.0; ${d.floatVariable} snr = 0.0;
      ${d.loop('t', 0, numTensors)} {
        ${d.vec4} total = ${d.texel('Totals', 't', 0)};
        squares += total.x; snr += total.z; initial += total.w / ${literal(numParameters)};
      }
      ${d.vec4} given = ${d.uniform('options0')}; ${d.bool} hasLoss = ${d.uniform('options1')}.x > 0.5;
      ${takeTime(d)}
      ${d.float} loss = ${d.texel('Gradient', Math.floor(numTexels / plane.columns), numTexels % plane.columns)}.x;
      ${d.float} made = isNumber(squares) * ${d.pick('hasLoss', 'isNumber(loss)', '1.0')};
      ${d.floatVariable} rise = 0.0;
      if (!hasLoss) {
        ${setFeatures(NO_LOSS)}
      } else if (made > 0.5) {
        ${takeLoss(d)}
      }
      ${d.float} strength = max(ends.y, 0.0);
      ${d.float} firstRms = sqrt(initial);
      values[${GLOBALS.made}] = made; values[${GLOBALS.skipped}] += 1.0 - made;
      values[${GLOBALS.gradientScale}] = ${d.pick('given.w > 0.0', 'given.w / max(sqrt(squares), given.w)', '1.0')};
      values[${GLOBALS.floor}] = ${d.pick(`firstRms < ${literal(FLOOR_UNKNOWN)}`, literal(FLOOR_ABSOLUTE), `${literal(FLOOR_RELATIVE)} * firstRms`)};
      values[${GLOBALS.meanSnr}] = snr / ${literal(2 * numTensors)};
      values[${GLOBALS.guard}] = pace * given.z * exp(-strength * clamp(rise - ${literal(GUARD_SLACK)}, 0.0, ${literal(GUARD_RANGE)}));
      result = vec4(values[4 * column], values[4 * column + 1], values[4 * column + 2], values[4 * column + 3]);`,
  };
}

import {
  CONSTANTS, GLOBAL_FEATURES, NUM_HIDDEN, NUM_INPUTS, NUM_OUTPUTS, NUM_TENSOR_SLOTS, TENSOR_FEATURES, TENSOR_SLOTS,
} from '../rules/tensor-lstm/spec.js';
import {GLOBALS, GLOBALS_COLUMNS, THETA_COLUMNS, thetaTexel} from './gpu-global.js';
import {TENSOR_TABLE_COLUMNS, type Layout} from './gpu-layout.js';
import {COEFFICIENT_COLUMNS, STATISTICS_COLUMNS} from './gpu-parameter.js';
import {literal, mathFunctions, placeOf, type Dialect, type GpuProgram} from './gpu-program.js';

/** Columns of the tensor slots as a matrix of texels, one variable a row: the LSTM's state first. */
export const TENSOR_SLOT_COLUMNS = Math.ceil(NUM_TENSOR_SLOTS / 4);
/** Columns of the LSTM's state, h and c. */
export const LSTM_COLUMNS = NUM_HIDDEN / 2;
const UNIT_TEXELS = NUM_HIDDEN / 4, OUTPUT_TEXELS = NUM_OUTPUTS / 4;

const {BETA_M1, BETA_M2, BETA_V1, BETA_V2, EPSILON, EPSILON_RELATIVE, GROWTH_MAX, LOG_STEP_GAIN, LOG_STEP_MAX, LOG_STEP_MIN, LOG_STEP_START} = CONSTANTS;

/** A statistic among the tensor slots whose texels have been read into `slots12` and on. */
function slot(name: Exclude<keyof typeof TENSOR_SLOTS, 'h' | 'c'>): string {
  const at = TENSOR_SLOTS[name];
  return `slots${at >> 2}.${'xyzw'[at % 4]!}`;
}

// A mean of squared gradients after the step.
function towards(name: 'meanV1' | 'meanV2', beta: number): string {
  return `${slot(name)} + (meanSquareG - ${slot(name)}) * ${literal(1 - beta)}`;
}

function readSlots(d: Dialect): string {
  return Array.from({length: TENSOR_SLOT_COLUMNS - LSTM_COLUMNS}, (_, i) => LSTM_COLUMNS + i)
    .map(column => `${d.vec4} slots${column} = ${d.texel('Slots', 'row', column)};`).join('\n');
}

function globalAt(d: Dialect, index: number): string {
  return `${d.texel('Globals', 0, index >> 2)}.${'xyzw'[index % 4]!}`;
}

/** 1 - beta^count. */
function bias(beta: number, count: string): string {
  return `decayed(${count} * ${literal(-Math.log(beta))})`;
}

/** Sums of squares of gradient and parameter over each chunk, two chunks a row. */
export function squaresProgram({plane, chunks}: Layout): GpuProgram {
  const {columns} = plane, at = placeOf('k', columns);
  return {
    name: `squares ${chunks.length} ${columns}`, rows: Math.ceil(chunks.length / 2), columns: 2,
    inputs: {Chunks: 1, Gradient: columns, Parameter: columns},
    body: d => `
      ${d.int} chunk = 2 * row + column;
      ${d.vec4} range = ${d.texel('Chunks', `min(chunk, ${chunks.length - 1})`, 0)};
      ${d.int} end = ${d.toInt('range.y')};
      ${d.vec4Variable} squaresG = vec4(0.0); ${d.vec4Variable} squaresP = vec4(0.0);
      ${d.loop('k', d.toInt('range.x'), 'end')} {
        ${d.vec4} g = ${d.texel('Gradient', at.row, at.column)}; ${d.vec4} p = ${d.texel('Parameter', at.row, at.column)};
        squaresG += g * g; squaresP += p * p;
      }
      result = vec4(dot(squaresG, vec4(1.0)), dot(squaresP, vec4(1.0)), 0.0, 0.0);`,
  };
}

/** For each variable: the gradient's sum of squares, the parameter's, the feature of its signal-to-noise ratio, the initial sum of squares. */
export function totalsProgram({sizes}: Layout): GpuProgram {
  return {
    name: `totals ${sizes.length}`, rows: sizes.length, columns: 1,
    inputs: {Squares: 2, Slots: TENSOR_SLOT_COLUMNS, Tensors: TENSOR_TABLE_COLUMNS},
    functions: d => mathFunctions(d) + snrFunction(d),
    body: d => `
      ${readSlots(d)}
      ${d.vec4} tensor = ${d.texel('Tensors', 'row', 0)};
      ${d.floatVariable} squaresG = 0.0; ${d.floatVariable} squaresP = 0.0; ${d.int} end = ${d.toInt('tensor.y')};
      ${d.loop('q', d.toInt('tensor.x'), 'end')} {
        ${d.vec4} part = ${d.texel('Squares', 'q >> 1u', 'q & 1')};
        squaresG += part.x; squaresP += part.y;
      }
      ${d.float} count = ${slot('count')}; ${d.float} later = max(count, 1.0);
      ${d.float} ratio = snr(${slot('meanSquareM1')}, ${bias(BETA_M1, 'later')}, ${slot('meanV2')} / ${bias(BETA_V2, 'later')});
      result = vec4(squaresG, squaresP, ${d.pick('count > 0.5', 'ratio', '0.0')},
        ${d.pick('count > 0.5', `${slot('initialRms')} * ${slot('initialRms')} * tensor.z`, 'squaresP')});`,
  };
}

// Log of a momentum's RMS over the gradient's, both corrected for bias.
function snrFunction(d: Dialect): string {
  return d.fn('snr', ['meanSquare', 'bias', 'meanV'], 'return clamp(logRoot(meanSquare / (bias * bias)) - logRoot(meanV), -4.0, 4.0);');
}

// What more than one program needs to know of the variable of this row.
function commonOfTensor(d: Dialect): string {
  return `
      ${readSlots(d)}
      ${d.vec4} tensor = ${d.texel('Tensors', 'row', 0)}; ${d.vec4} total = ${d.texel('Totals', 'row', 0)};
      ${d.float} count = ${slot('count')}; ${d.float} scaleG = ${globalAt(d, GLOBALS.gradientScale)}; ${d.float} least = ${globalAt(d, GLOBALS.floor)};
      ${d.float} meanSquareG = total.x * scaleG * scaleG / tensor.z;
      ${d.float} initialRms = ${d.pick('count > 0.5', slot('initialRms'), 'sqrt(total.y / tensor.z)')};
      ${d.float} rmsP = ${d.pick('count > 0.5', `sqrt(${slot('meanSquareP')})`, 'sqrt(total.y / tensor.z)')};
      ${d.float} floored = max(rmsP, least);`;
}

/** The LSTM's state after the step: h, then c, one variable a row. */
export function lstmProgram({sizes}: Layout): GpuProgram {
  const first = GLOBAL_FEATURES.length, numRows = NUM_INPUTS + NUM_HIDDEN;
  const seen = (d: Dialect, value: string): string => d.pick('count > 0.5', value, '0.0');
  const features = (d: Dialect): Record<(typeof TENSOR_FEATURES)[number], string> => ({
    gradientBurst: seen(d, 'clamp(logRoot(meanSquareG) - logV, -3.0, 3.0)'),
    cosGradientMomentum: seen(d, slot('cosGradientMomentum')),
    cosMomenta: seen(d, slot('cosMomenta')),
    snrFast: 'total.z / 2.0',
    snrSlow: seen(d, `snr(${slot('meanSquareM2')}, ${bias(BETA_M2, 'later')}, meanV) / 2.0`),
    varianceTrend: seen(d, `clamp(logRoot(${slot('meanV1')} / ${bias(BETA_V1, 'later')}) - logV, -3.0, 3.0)`),
    growth: seen(d, 'clamp(log(floored / max(initialRms, least)), -4.0, 4.0) / 2.0'),
    lastDirection: seen(d, `clamp(logRoot(${slot('meanSquareDirection')}), -4.0, 4.0) / 2.0`),
    logSize: 'shape.x', isMatrix: 'shape.y', isConv: 'shape.z',
    logNumTensors: literal(Math.log(sizes.length) / 2 - 1),
    fanRatio: 'shape.w',
    isZeroInit: d.pick('initialRms < least', '1.0', '0.0'),
    meanSnr: globalAt(d, GLOBALS.meanSnr),
  });
  return {
    name: `lstm ${sizes.length}`, rows: sizes.length, columns: LSTM_COLUMNS,
    inputs: {Slots: TENSOR_SLOT_COLUMNS, Tensors: TENSOR_TABLE_COLUMNS, Totals: 1, Globals: GLOBALS_COLUMNS, Theta: THETA_COLUMNS},
    functions: d => mathFunctions(d) + snrFunction(d),
    body: d => `
      ${commonOfTensor(d)}
      ${d.vec4} shape = ${d.texel('Tensors', 'row', 1)};
      ${d.float} later = max(count, 1.0); ${d.float} meanV = ${slot('meanV2')} / ${bias(BETA_V2, 'later')}; ${d.float} logV = logRoot(meanV);
      ${d.array('x', numRows)}
      ${Array.from({length: first}, (_, i) => `x[${i}] = ${globalAt(d, GLOBALS.features + i)};`).join(' ')}
      ${TENSOR_FEATURES.map((name, i) => `x[${first + i}] = ${features(d)[name]};`).join('\n')}
      ${d.loop('i', 0, UNIT_TEXELS)} {
        ${d.vec4} h = ${d.texel('Slots', 'row', 'i')}; ${d.int} at = ${NUM_INPUTS} + 4 * i;
        x[at] = h.x; x[at + 1] = h.y; x[at + 2] = h.z; x[at + 3] = h.w;
      }
      ${d.int} unit = column % ${UNIT_TEXELS};
      ${[0, 1, 2, 3].map(gate => `${d.vec4Variable} gate${gate} = ${thetaTexel(d, 'gateBias', `${gate * UNIT_TEXELS} + unit`)};`).join('\n')}
      ${d.loop('i', 0, numRows)} {
        ${[0, 1, 2, 3].map(gate => `gate${gate} += x[i] * ${d.texel('Theta', 'i', `${gate * UNIT_TEXELS} + unit`)};`).join('\n')}
      }
      ${d.vec4} before = ${d.texel('Slots', 'row', `${UNIT_TEXELS} + unit`)};
      ${d.vec4Variable} cell = vec4(0.0); ${d.vec4Variable} state = vec4(0.0);
      ${d.loop('j', 0, 4)} {
        cell[j] = logistic(gate1[j] + 1.0) * before[j] + logistic(gate0[j]) * tangent(gate2[j]);
        state[j] = logistic(gate3[j]) * tangent(cell[j]);
      }
      result = ${d.pick(`column < ${UNIT_TEXELS}`, 'state', 'cell')};`,
  };
}

/**
 * What the per-parameter pass needs of each variable: step, decay, made, gradientScale; the norms of G, M1, M2, P; normV and the
 * biases of M1, M2, V; the biases of the hidden units; the mix, 7 floats, Adam's own with 1 added, and epsilon.
 */
export function coefficientsProgram({sizes}: Layout, parameterScale: boolean): GpuProgram {
  const momentumNorm = (meanSquare: string, beta: number): string =>
    `1.0 / (sqrt(${literal(beta * beta)} * ${meanSquare} + ${literal((1 - beta) * (1 - beta))} * meanSquareG) + 1e-20)`;
  return {
    name: `coefficients ${sizes.length} ${parameterScale}`, rows: sizes.length, columns: COEFFICIENT_COLUMNS,
    inputs: {Slots: TENSOR_SLOT_COLUMNS, Tensors: TENSOR_TABLE_COLUMNS, Totals: 1, Globals: GLOBALS_COLUMNS, Lstm: LSTM_COLUMNS, Theta: THETA_COLUMNS},
    functions: mathFunctions,
    body: d => `
      ${commonOfTensor(d)}
      ${[0, 1, 2].map(i => `${d.vec4Variable} said${i} = ${thetaTexel(d, 'outputBias', i)};`).join(' ')}
      ${d.loop('i', 0, UNIT_TEXELS)} {
        ${d.vec4} h = ${d.texel('Lstm', 'row', 'i')};
        ${d.loop('j', 0, 4)} {
          ${d.int} at = ${OUTPUT_TEXELS} * (4 * i + j);
          ${[0, 1, 2].map(i => `said${i} += h[j] * ${thetaTexel(d, 'outputKernel', `at + ${i}`)};`).join('\n')}
        }
      }
      ${d.float} next = count + 1.0; ${d.float} biasV = 1.0 / ${bias(BETA_V2, 'next')};
      ${d.float} meanV = ${towards('meanV2', BETA_V2)}; ${d.float} rmsV = sqrt(meanV * biasV);
      ${d.float} logStep = clamp(${literal(LOG_STEP_START)} + ${literal(LOG_STEP_GAIN)} * said0.x, ${literal(LOG_STEP_MIN)}, ${literal(LOG_STEP_MAX)});
      ${d.float} rate = exp(logStep) * ${globalAt(d, GLOBALS.guard)};
      ${d.float} scale = ${parameterScale ? `min(floored, ${literal(GROWTH_MAX)} * max(initialRms, least))` : '1.0'};
      if (column == 0) {
        result = vec4(rate * scale, min(1.0, rate * min(scale, 1.0) * tensor.w), ${globalAt(d, GLOBALS.made)}, scaleG);
      } else if (column == 1) {
        ${d.float} recentV = ${towards('meanV1', BETA_V1)};
        result = vec4(1.0 / (sqrt(max(meanSquareG, recentV / ${bias(BETA_V1, 'next')})) + 1e-20), ${momentumNorm(slot('meanSquareM1'), BETA_M1)}, ${momentumNorm(slot('meanSquareM2'), BETA_M2)}, 1.0 / floored);
      } else if (column == 2) {
        result = vec4(1.0 / (rmsV + 1e-20), 1.0 / ${bias(BETA_M1, 'next')}, 1.0 / ${bias(BETA_M2, 'next')}, biasV);
      } else if (column == 3) {
        result = vec4(said0.yzw, said1.x) + ${thetaTexel(d, 'hiddenBias', 0)};
      } else if (column == 4) {
        result = vec4(said1.yzw, said2.x);
      } else {
        result = vec4(said2.yzw, min(${literal(EPSILON)}, ${literal(EPSILON_RELATIVE)} * rmsV) + 1e-20) + vec4(1.0, 0.0, 0.0, 0.0);
      }`,
  };
}

/** The tensor slots after the step. */
export function slotsProgram({sizes}: Layout): GpuProgram {
  const cosine = (product: string, norm: string, d: Dialect): string => d.pick(`${norm} > 0.0`, `${product} / ${d.pick(`${norm} > 0.0`, norm, '1.0')}`, '0.0');
  return {
    name: `slots ${sizes.length}`, rows: sizes.length, columns: TENSOR_SLOT_COLUMNS,
    inputs: {Slots: TENSOR_SLOT_COLUMNS, Tensors: TENSOR_TABLE_COLUMNS, Totals: 1, Globals: GLOBALS_COLUMNS, Lstm: LSTM_COLUMNS, Statistics: STATISTICS_COLUMNS},
    body: d => `
      if (${globalAt(d, GLOBALS.made)} < 0.5) {
        result = ${d.texel('Slots', 'row', 'column')};
      } else if (column < ${LSTM_COLUMNS}) {
        result = ${d.texel('Lstm', 'row', 'column')};
      } else {
        ${commonOfTensor(d)}
        ${d.vec4Variable} squares = vec4(0.0); ${d.vec4Variable} products = vec4(0.0); ${d.int} end = ${d.toInt('tensor.y')};
        ${d.loop('q', d.toInt('tensor.x'), 'end')} {
          squares += ${d.texel('Statistics', 'q', 0)}; products += ${d.texel('Statistics', 'q', 1)};
        }
        ${d.float} rootM1 = sqrt(squares.x); ${d.float} rootM2 = sqrt(squares.y);
        ${d.float} normGM = sqrt(products.z) * rootM1; ${d.float} normMM = rootM1 * rootM2;
        if (column == 12) {
          result = vec4(count + 1.0, initialRms, squares.x / tensor.z, squares.y / tensor.z);
        } else if (column == 13) {
          result = vec4(${towards('meanV1', BETA_V1)}, ${towards('meanV2', BETA_V2)}, squares.z / tensor.z, ${cosine('products.x', 'normGM', d)});
        } else {
          result = vec4(${cosine('products.y', 'normMM', d)}, squares.w / tensor.z, 0.0, 0.0);
        }
      }`,
  };
}

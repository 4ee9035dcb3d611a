import {CONSTANTS, FIRST_HIDDEN, NUM_PARAMETER_HIDDEN, NUM_PARAMETER_INPUTS, PARAMETER_FEATURES, thetaEntry} from '../rules/tensor-lstm/spec.js';
import {GLOBALS, GLOBALS_COLUMNS} from './gpu-global.js';
import type {Layout} from './gpu-layout.js';
import {literal, placeOf, type Dialect, type GpuProgram} from './gpu-program.js';

/** Columns of what {@link statisticsProgram} sums over each chunk. */
export const STATISTICS_COLUMNS = 2;
/** Columns of each variable's coefficients. */
export const COEFFICIENT_COLUMNS = 6;

const {BETA_M1, BETA_M2, BETA_V2, DIRECTION_CLIP, FEATURE_CLIP} = CONSTANTS;

type Feature = (typeof PARAMETER_FEATURES)[number];
const HIDDEN_FEATURES = PARAMETER_FEATURES.slice(FIRST_HIDDEN);
const kernelUniform = (feature: Feature): string => `kernel${HIDDEN_FEATURES.indexOf(feature)}`;

/** The next planes of m1, m2 and v, one below the other; the old ones where the step is skipped. */
export function momentsProgram({plane: {rows, columns}}: Layout): GpuProgram {
  return {
    name: `moments ${rows} ${columns}`, rows: 3 * rows, columns,
    inputs: {Moments: columns, Gradient: columns, Globals: GLOBALS_COLUMNS},
    body: d => `
      ${d.vec4} old = ${d.texel('Moments', 'row', 'column')}; ${d.vec4} shared0 = ${d.texel('Globals', 0, 0)};
      ${d.int} above = ${d.pick(`row < ${rows}`, '0', d.pick(`row < ${2 * rows}`, String(rows), String(2 * rows)))};
      ${d.vec4} g = ${d.texel('Gradient', 'row - above', 'column')} * shared0[${GLOBALS.gradientScale}];
      ${d.floatVariable} rest = ${literal(1 - BETA_V2)}; ${d.vec4Variable} goal = g * g;
      if (row < ${2 * rows}) { goal = g; rest = ${d.pick(`row < ${rows}`, literal(1 - BETA_M1), literal(1 - BETA_M2))}; }
      result = old;
      if (shared0[${GLOBALS.made}] > 0.5) { result = old + (goal - old) * rest; }`,
  };
}

/** Uniforms of {@link directionProgram}. */
export function directionUniforms(theta: Float32Array): number[][] {
  const array = (name: string): number[] => [...theta.subarray(thetaEntry(name).offset, thetaEntry(name).offset + thetaEntry(name).size)];
  const kernel = array('hiddenKernel');
  return [
    ...Array.from({length: NUM_PARAMETER_INPUTS}, (_, i) => kernel.slice(i * NUM_PARAMETER_HIDDEN, (i + 1) * NUM_PARAMETER_HIDDEN)),
    array('headKernel'), [...array('headBias'), 0, 0, 0],
  ];
}

function variableOf(d: Dialect, layout: Layout): string {
  return layout.sizes.length === 1 ? '0' : d.toInt(`${d.texel('Variables', 'row', 'column')}.x`);
}

function variableInput({sizes, plane}: Layout): Record<string, number> {
  return sizes.length === 1 ? {} : {Variables: plane.columns};
}

/** Whether programs read the table of variables: where there is one alone, they do not. */
export function readsVariables({sizes}: Layout): boolean {
  return sizes.length > 1;
}

/** The direction of each parameter; four at a time. */
export function directionProgram(layout: Layout): GpuProgram {
  const {plane: {rows, columns}} = layout, clip = (x: string): string => `clamp(${x}, vec4(${literal(-FEATURE_CLIP)}), vec4(${literal(FEATURE_CLIP)}))`;
  const features: Readonly<Record<Feature, string>> = {
    tensorGradient: clip('g * norms.x'), tensorMomentum: clip('m1 * norms.y'), tensorSlowMomentum: clip('m2 * norms.z'),
    gradient: clip('g * inverseRoot'), adam: 'm1 * biases.y * inverseRoot', slowAdam: 'm2 * biases.z * inverseRoot', parameter: clip('p * norms.w'),
    variance: `min(rootV * biases.x, vec4(${literal(FEATURE_CLIP)})) - vec4(1.0)`,
  };
  const mixOf = (i: number): string => (i < 4 ? `mix0[${i}]` : `mix1[${i - 4}]`);
  return {
    name: `direction ${layout.sizes.length === 1} ${rows} ${columns}`, rows, columns,
    inputs: {Moments: columns, Gradient: columns, Parameter: columns, Coefficients: COEFFICIENT_COLUMNS, ...variableInput(layout)},
    uniforms: [...HIDDEN_FEATURES.map(kernelUniform), 'head', 'headBias'],
    body: d => `
      ${d.int} variable = ${variableOf(d, layout)};
      ${d.vec4} sizes = ${d.texel('Coefficients', 'variable', 0)}; ${d.vec4} norms = ${d.texel('Coefficients', 'variable', 1)};
      ${d.vec4} biases = ${d.texel('Coefficients', 'variable', 2)}; ${d.vec4} hidden = ${d.texel('Coefficients', 'variable', 3)};
      ${d.vec4} mix0 = ${d.texel('Coefficients', 'variable', 4)}; ${d.vec4} mix1 = ${d.texel('Coefficients', 'variable', 5)};
      ${d.vec4} g = ${d.texel('Gradient', 'row', 'column')} * sizes.w; ${d.vec4} p = ${d.texel('Parameter', 'row', 'column')};
      ${d.vec4} m1 = ${d.texel('Moments', 'row', 'column')}; ${d.vec4} m2 = ${d.texel('Moments', `row + ${rows}`, 'column')};
      ${d.vec4} v = ${d.texel('Moments', `row + ${2 * rows}`, 'column')};
      ${d.vec4} rootV = sqrt(v * biases.w); ${d.vec4} inverseRoot = vec4(1.0) / (rootV + vec4(mix1.w));
      ${PARAMETER_FEATURES.map((name, i) => `${d.vec4} feature${i} = ${features[name]};`).join('\n')}
      ${d.vec4} bias = ${d.uniform('headBias')}; ${d.vec4} head = ${d.uniform('head')};
      ${d.vec4Variable} direction = vec4(bias.x) + ${PARAMETER_FEATURES.slice(0, -1).map((_, i) => `feature${i} * ${mixOf(i)}`).join(' + ')};
      ${HIDDEN_FEATURES.map(name => `${d.vec4} ${kernelUniform(name)} = ${d.uniform(kernelUniform(name))};`).join(' ')}
      ${Array.from({length: NUM_PARAMETER_HIDDEN}, (_, unit) => `direction += head[${unit}] * max(vec4(hidden[${unit}]) + ${
        HIDDEN_FEATURES.map((name, i) => `feature${i + FIRST_HIDDEN} * ${kernelUniform(name)}[${unit}]`).join(' + ')}, vec4(0.0));`).join('\n')}
      // What has never had a gradient stays where it is.
      result = ${d.wherePositive('v', `clamp(direction, vec4(${literal(-DIRECTION_CLIP)}), vec4(${literal(DIRECTION_CLIP)}))`)};`,
  };
}

/** The parameters after the step; the old ones where it is skipped. */
export function parameterProgram(layout: Layout): GpuProgram {
  const {plane: {rows, columns}} = layout;
  return {
    name: `parameter ${layout.sizes.length === 1} ${rows} ${columns}`, rows, columns,
    inputs: {Parameter: columns, Direction: columns, Coefficients: COEFFICIENT_COLUMNS, ...variableInput(layout)},
    body: d => `
      ${d.vec4} sizes = ${d.texel('Coefficients', variableOf(d, layout), 0)};
      ${d.vec4} p = ${d.texel('Parameter', 'row', 'column')};
      result = p;
      // Decay and step are added first: p · (1 − decay) would lose a decay below 6e-8 to float32.
      if (sizes.z > 0.5) { result = p - (p * sizes.y + ${d.texel('Direction', 'row', 'column')} * sizes.x); }`,
  };
}

/** Sums over each chunk: squares of m1, m2, p and direction; products of g and m1, m1 and m2, g and g. */
export function statisticsProgram({plane: {rows, columns}, chunks}: Layout): GpuProgram {
  const at = placeOf('k', columns);
  return {
    name: `statistics ${chunks.length} ${rows} ${columns}`, rows: chunks.length, columns: STATISTICS_COLUMNS,
    inputs: {Chunks: 1, Moments: columns, Gradient: columns, Parameter: columns, Direction: columns, Globals: GLOBALS_COLUMNS},
    body: d => `
      ${d.vec4} range = ${d.texel('Chunks', 'row', 0)}; ${d.int} end = ${d.toInt('range.y')};
      ${d.vec4} shared0 = ${d.texel('Globals', 0, 0)}; ${d.float} scaleG = shared0[${GLOBALS.gradientScale}];
      ${d.vec4Variable} sum0 = vec4(0.0); ${d.vec4Variable} sum1 = vec4(0.0); ${d.vec4Variable} sum2 = vec4(0.0); ${d.vec4Variable} sum3 = vec4(0.0);
      ${d.loop('k', d.toInt('range.x'), 'end')} {
        ${d.int} r = ${at.row}; ${d.int} c = ${at.column};
        ${d.vec4} m1 = ${d.texel('Moments', 'r', 'c')}; ${d.vec4} m2 = ${d.texel('Moments', `r + ${rows}`, 'c')};
        if (column == 0) {
          ${d.vec4} p = ${d.texel('Parameter', 'r', 'c')}; ${d.vec4} direction = ${d.texel('Direction', 'r', 'c')};
          sum0 += m1 * m1; sum1 += m2 * m2; sum2 += p * p; sum3 += direction * direction;
        } else {
          ${d.vec4} g = ${d.texel('Gradient', 'r', 'c')} * scaleG;
          sum0 += g * m1; sum1 += m1 * m2; sum2 += g * g;
        }
      }
      ${d.vec4} one = vec4(1.0);
      result = vec4(dot(sum0, one), dot(sum1, one), dot(sum2, one), dot(sum3, one));`,
  };
}

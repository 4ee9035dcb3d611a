/**
 * A dialect covers what GLSL and WGSL say differently, so that the rule stands in one text for both.
 *
 * All values but gradients and variables are kept as matrices of texels, four floats each: a texture's pixel in WebGL, a
 * `vec4` of a buffer in WebGPU. A program computes one matrix, one texel at a time, from others.
 */
export interface Dialect {
  /** Declare a local value, which never changes: `${float} x = 1.0;`. */
  readonly float: string;
  readonly int: string;
  readonly bool: string;
  readonly vec4: string;
  /** Declare one that changes. */
  readonly floatVariable: string;
  readonly vec4Variable: string;
  /** Declares a local array of floats. */
  array(name: string, length: number): string;
  /** A function of floats that returns one. */
  fn(name: string, parameters: readonly string[], body: string): string;
  /** The head of a loop over integers from `from` to before `to`. */
  loop(name: string, from: number | string, to: number | string): string;
  /** `condition ? yes : no`; both are computed. */
  pick(condition: string, yes: string, no: string): string;
  /** The components of `value` where those of `x` are positive, else 0. */
  wherePositive(x: string, value: string): string;
  toFloat(int: string): string;
  toInt(float: string): string;
  /** The bits of a float, as an unsigned integer. */
  bits(float: string): string;
  /** A texel of an input. */
  texel(input: string, row: number | string, column: number | string): string;
  /** A vec4 that the host gives at every run. */
  uniform(name: string): string;
}

/** Size of a matrix of texels. */
export interface TexelSize {
  readonly rows: number;
  readonly columns: number;
}

/** One GPU program that computes a matrix of texels. */
export interface GpuProgram extends TexelSize {
  /** With all that varies in its text: programs of one name are compiled once. */
  readonly name: string;
  /** Matrices that it reads, each at least once in its text, and their columns. */
  readonly inputs: Readonly<Record<string, number>>;
  /** Vectors of four floats that it is given at every run. */
  readonly uniforms?: readonly string[];
  /** Functions that it calls. */
  readonly functions?: (d: Dialect) => string;
  /** Statements that set the vec4 `result` of the texel at the integers `row` and `column`. */
  readonly body: (d: Dialect) => string;
}

/**
 * Row and column of texel `k` in a matrix, as expressions. Where columns are a power of 2 they take no division, which costs a
 * processor that plays the GPU more than all the rest.
 */
export function placeOf(k: string, columns: number): {readonly row: string; readonly column: string} {
  const shift = Math.log2(columns);
  if (Number.isInteger(shift)) return {row: `(${k} >> ${shift}u)`, column: `(${k} & ${columns - 1})`};
  return {row: `(${k} / ${columns})`, column: `(${k} % ${columns})`};
}

/** A number as a literal of floats, in both languages. */
export function literal(x: number): string {
  const text = String(x);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/**
 * Functions of the rule that GPUs have not, or not to the accuracy of a float: near 0, where the rule lives, the differences
 * of exp(x) and log(x) from 1 would be rounding.
 */
export function mathFunctions(d: Dialect): string {
  return [
    // 1 - exp(-x), x ≥ 0.
    d.fn('decayed', ['x'], `${d.float} near = x * (1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0 * (1.0 - x / 7.0))))));
      return ${d.pick('x < 0.5', 'near', '1.0 - exp(-x)')};`),
    // log(1 + x), x ≥ 0.
    d.fn('logOnePlus', ['x'], `${d.float} near = x * (1.0 - x * (1.0 / 2.0 - x * (1.0 / 3.0 - x * (1.0 / 4.0 - x * (1.0 / 5.0 - x * (1.0 / 6.0 - x / 7.0))))));
      return ${d.pick('x < 0.1', 'near', 'log(1.0 + x)')};`),
    d.fn('tangent', ['x'], `${d.float} most = min(abs(x), 20.0); return sign(x) * decayed(2.0 * most) / (1.0 + exp(-2.0 * most));`),
    d.fn('logistic', ['x'], 'return 1.0 / (1.0 + exp(-clamp(x, -60.0, 60.0)));'),
    // Log of the root of a mean square.
    d.fn('logRoot', ['x'], 'return 0.5 * log(x + 1e-20);'),
    // softsign(a / b), b > 0, without the ratio, which may overflow.
    d.fn('softsignRatio', ['a', 'b'], 'return a / (b + abs(a));'),
    // 1 where x is a number, else 0: by its bits, as compilers may take every float for one.
    d.fn('isNumber', ['x'], `return ${d.pick(`(${d.bits('x')} & 0x7f800000u) != 0x7f800000u`, '1.0', '0.0')};`),
  ].join('\n');
}

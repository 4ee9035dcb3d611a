import {concat, engine, env, reshape, tensor1d, tensor2d, type Rank, type Scalar, type Tensor, type Tensor1D, type TensorInfo} from '@tensorflow/tfjs-core';
import type {GpuDevice} from './gpu-device.js';
import type {Layout} from './gpu-layout.js';
import {placeOf, type Dialect, type GpuProgram, type TexelSize} from './gpu-program.js';

/** TF.js's description of a WebGL program. */
interface WebGLProgram {
  readonly variableNames: string[];
  readonly outputShape: number[];
  readonly userCode: string;
  readonly packedInputs: boolean;
  readonly packedOutput: boolean;
  readonly customUniforms?: Array<{name: string; type: 'vec4'}>;
}

/** What is needed of TF.js's WebGL backend; its custom programs are documented, its context is not. */
export interface WebGLBackend {
  compileAndRun(program: WebGLProgram, inputs: TensorInfo[], dtype: 'float32', uniforms: number[][] | undefined, preventUnpacking: boolean): TensorInfo;
  readonly gpgpu: {readonly gl: {isContextLost(): boolean}};
}

/** The backend as one that programs can be run on; undefined where it is none. */
export function webglBackend(backend: unknown): WebGLBackend | undefined {
  const candidate = backend as Partial<WebGLBackend> | null;
  return typeof candidate?.compileAndRun === 'function' && typeof candidate.gpgpu?.gl.isContextLost === 'function' ? candidate as WebGLBackend : undefined;
}

/** Why the slots cannot be kept on this device, or undefined where they can. */
export function webglObstacle(): string | undefined {
  if (env().getNumber('WEBGL_VERSION') !== 2) return 'it has WebGL 1 only';
  if (!env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return 'it keeps floats of 16 bits only, in which squares of gradients vanish';
  return undefined;
}

const GLSL: Dialect = {
  float: 'float', int: 'int', bool: 'bool', vec4: 'vec4', floatVariable: 'float', vec4Variable: 'vec4',
  array: (name, length) => `float ${name}[${length}];`,
  fn: (name, parameters, body) => `float ${name}(${parameters.map(p => `float ${p}`).join(', ')}) { ${body} }\n`,
  loop: (name, from, to) => `for (int ${name} = ${from}; ${name} < ${to}; ${name}++)`,
  pick: (condition, yes, no) => `(${condition} ? ${yes} : ${no})`,
  wherePositive: (x, value) => `mix(vec4(0.0), ${value}, greaterThan(${x}, vec4(0.0)))`,
  toFloat: int => `float(${int})`,
  toInt: float => `int(${float})`,
  bits: float => `floatBitsToUint(${float})`,
  texel: (input, row, column) => `get${input}(2 * (${row}), 2 * (${column}))`,
  uniform: name => name,
};

/** Matrices of texels as TF.js's packed textures: a texel holds two by two neighbours of a matrix twice as high and wide. */
export class WebGLDevice implements GpuDevice {
  readonly name = 'webgl';
  /** By an object that is alive as long as the program is of use: itself, or a part of a layout. */
  private readonly programs = new WeakMap<object, WebGLProgram>();

  constructor(private readonly backend: WebGLBackend) {}

  lost(): string | undefined {
    return this.backend.gpgpu.gl.isContextLost() ? 'its WebGL context was lost' : undefined;
  }

  upload({rows, columns}: TexelSize, values: Float32Array): Tensor {
    const packed = new Float32Array(4 * rows * columns);
    for (let i = 0; i < values.length; i++) packed[packedIndex(i, columns)] = values[i]!;
    return tensor2d(packed, [2 * rows, 2 * columns]);
  }

  download(matrix: Tensor, {columns}: TexelSize, start: number, count: number): Float32Array {
    const packed = matrix.dataSync<'float32'>();
    return Float32Array.from({length: count}, (_, i) => packed[packedIndex(start + i, columns)]!);
  }

  run(program: GpuProgram, inputs: Readonly<Record<string, Tensor>>, uniforms: readonly (readonly number[])[] = []): Tensor {
    const names = Object.keys(program.inputs);
    return this.runProgram(this.compiled(program, () => ({
      variableNames: names, outputShape: [2 * program.rows, 2 * program.columns], packedInputs: true, packedOutput: true,
      customUniforms: (program.uniforms ?? []).map(name => ({name, type: 'vec4'})),
      userCode: `${program.functions?.(GLSL) ?? ''}
        void main() {
          ivec2 at = getOutputCoords(); int row = at.x / 2; int column = at.y / 2;
          vec4 result = vec4(0.0);
          ${program.body(GLSL)}
          setOutput(result);
        }`,
    })), names.map(name => inputs[name]!), uniforms);
  }

  gather(values: readonly Tensor[], loss: Scalar | undefined, layout: Layout): Tensor {
    const {plane: {rows, columns}, numTexels} = layout, flat = joined(values);
    const program = this.compiled(loss === undefined ? layout.sizes : layout, () => ({
      variableNames: loss === undefined ? ['Flat'] : ['Flat', 'Loss'], outputShape: [2 * rows, 2 * columns], packedInputs: false, packedOutput: true,
      userCode: `
        float valueAt(int i) { return i < ${flat.size} ? getFlat(min(i, ${flat.size - 1})) : 0.0; }
        void main() {
          ivec2 at = getOutputCoords(); int texel = (at.x / 2) * ${columns} + at.y / 2; int i = 4 * texel;
          vec4 result = vec4(valueAt(i), valueAt(i + 1), valueAt(i + 2), valueAt(i + 3));
          ${loss === undefined ? '' : `if (texel == ${numTexels}) result = vec4(getLoss(), 0.0, 0.0, 0.0);`}
          setOutput(result);
        }`,
    }));
    return this.runProgram(program, loss === undefined ? [flat] : [flat, loss]);
  }

  flat(plane: Tensor, {plane: size, numTexels}: Layout): Tensor1D {
    const at = placeOf('texel', size.columns);
    return this.runProgram(this.compiled(size, () => ({
      variableNames: ['Plane'], outputShape: [4 * numTexels], packedInputs: true, packedOutput: false,
      userCode: `
        void main() {
          int i = getOutputCoords(); int texel = i >> 2;
          setOutput(getPlane(2 * ${at.row}, 2 * ${at.column})[i & 3]);
        }`,
    })), [plane]) as Tensor1D;
  }

  first(matrix: Tensor): Scalar {
    return this.runProgram(this.compiled(this, () => ({
      variableNames: ['Matrix'], outputShape: [], packedInputs: true, packedOutput: false,
      userCode: 'void main() { setOutput(getMatrix(0, 0).x); }',
    })), [matrix]) as Scalar;
  }

  private compiled(key: object, make: () => WebGLProgram): WebGLProgram {
    let program = this.programs.get(key);
    if (program === undefined) this.programs.set(key, program = make());
    return program;
  }

  private runProgram(program: WebGLProgram, inputs: readonly Tensor[], uniforms: readonly (readonly number[])[] = []): Tensor {
    const info = this.backend.compileAndRun(program, inputs.map(({dataId, shape, dtype}) => ({dataId, shape, dtype})), 'float32', uniforms.map(u => [...u]), true);
    return engine().makeTensorFromTensorInfo(info);
  }
}

/** Where float `i` of a matrix of texels is in TF.js's order. */
function packedIndex(i: number, columns: number): number {
  const texel = i >> 2, row = Math.floor(texel / columns), column = texel - row * columns;
  return (2 * row + ((i >> 1) & 1)) * 2 * columns + 2 * column + (i & 1);
}


/** All values in one vector; where there are several tensors, each filled up to whole texels. */
function joined(tensors: readonly Tensor[]): Tensor1D {
  const vectors = tensors.map(t => reshape<Rank.R1>(t, [t.size]));
  if (vectors.length === 1) return vectors[0]!;
  return concat(vectors.flatMap(v => (v.size % 4 === 0 ? [v] : [v, tensor1d(new Float32Array(4 - (v.size % 4)))])));
}

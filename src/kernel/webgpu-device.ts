import {engine, reshape, slice, tensor2d, type Rank, type Scalar, type Tensor, type Tensor1D, type TensorInfo} from '@tensorflow/tfjs-core';
import type {GpuDevice} from './gpu-device.js';
import type {Layout} from './gpu-layout.js';
import {placeOf, type Dialect, type GpuProgram, type TexelSize} from './gpu-program.js';

/** TF.js's description of a WebGPU program. */
interface WebGPUProgram {
  readonly variableNames: string[];
  readonly variableComponents: number[];
  readonly outputShape: number[];
  readonly outputComponent: number;
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: {x: number[]};
  readonly size: true;
  readonly uniforms: string;
  dispatch: [number, number, number];
  /** Replaced by TF.js with one that holds more. */
  shaderKey: string;
  getUserCode(): string;
}

/** What is needed of TF.js's WebGPU backend. */
export interface WebGPUBackend {
  runWebGPUProgram(program: WebGPUProgram, inputs: TensorInfo[], dtype: 'float32', uniforms: Array<{type: string; data: number[]}>, output?: TensorInfo): TensorInfo;
  readonly device: {readonly lost: Promise<{readonly message: string; readonly reason: string}>};
}

/** The backend as one that programs can be run on; undefined where it is none. */
export function webgpuBackend(backend: unknown): WebGPUBackend | undefined {
  const candidate = backend as Partial<WebGPUBackend> | null;
  return typeof candidate?.runWebGPUProgram === 'function' && typeof candidate.device?.lost.then === 'function' ? candidate as WebGPUBackend : undefined;
}

const WORKGROUP = 64;

/** WGSL; where texels are in a buffer depends on the columns of their matrix. */
function wgsl(columnsOf: Readonly<Record<string, number>>): Dialect {
  return {
    float: 'let', int: 'let', bool: 'let', vec4: 'let', floatVariable: 'var', vec4Variable: 'var',
    array: (name, length) => `var ${name} : array<f32, ${length}>;`,
    fn: (name, parameters, body) => `fn ${name}(${parameters.map(p => `${p} : f32`).join(', ')}) -> f32 { ${body} }\n`,
    loop: (name, from, to) => `for (var ${name} = ${from}; ${name} < ${to}; ${name}++)`,
    pick: (condition, yes, no) => `select(${no}, ${yes}, ${condition})`,
    wherePositive: (x, value) => `select(vec4<f32>(0.0), ${value}, ${x} > vec4<f32>(0.0))`,
    toFloat: int => `f32(${int})`,
    toInt: float => `i32(${float})`,
    bits: float => `bitcast<u32>(${float})`,
    texel: (input, row, column) => `${input}[(${row}) * ${columnsOf[input]!} + (${column})]`,
    uniform: name => `uniforms.${name}`,
  };
}

/** Matrices of texels as buffers of `vec4`, row by row. */
export class WebGPUDevice implements GpuDevice {
  readonly name = 'webgpu';
  /** By an object that is alive as long as the program is of use: itself, or its layout. */
  private readonly programs = new WeakMap<object, WebGPUProgram>();
  private reason: string | undefined;

  constructor(private readonly backend: WebGPUBackend) {
    void backend.device.lost.then(({reason, message}) => {
      this.reason = `its WebGPU device was ${reason === 'destroyed' ? 'destroyed' : 'lost'}${message === '' ? '' : ` (${message.trim()})`}`;
    });
  }

  lost(): string | undefined {
    return this.reason;
  }

  upload({rows, columns}: TexelSize, values: Float32Array): Tensor {
    const all = new Float32Array(4 * rows * columns);
    all.set(values);
    return tensor2d(all, [rows, 4 * columns]);
  }

  download(matrix: Tensor, _size: TexelSize, start: number, count: number): Float32Array {
    return matrix.dataSync<'float32'>().slice(start, start + count);
  }

  run(program: GpuProgram, inputs: Readonly<Record<string, Tensor>>, uniforms: readonly (readonly number[])[] = []): Tensor {
    const {rows, columns} = program, names = Object.keys(program.inputs), d = wgsl(program.inputs), at = placeOf('index', columns);
    return this.runProgram(this.compiled(program, () => ({
      ...flatProgram([rows, 4 * columns], 4, names), shaderKey: `tfjs-l2o ${program.name}`,
      uniforms: (program.uniforms ?? []).map(name => `${name} : vec4<f32>,`).join(' '),
      getUserCode: () => `${program.functions?.(d) ?? ''}
        fn main(index : i32) {
          if (index < uniforms.size) {
            let row = ${at.row}; let column = ${at.column};
            var result = vec4<f32>(0.0);
            ${program.body(d)}
            setOutputAtIndex(index, result);
          }
        }`,
    })), names.map(name => inputs[name]!), uniforms);
  }

  gather(values: readonly Tensor[], loss: Scalar | undefined, layout: Layout): Tensor {
    const {plane: {rows, columns}, starts, numTexels} = layout, program = this.compiled(layout, () => placeProgram([rows, 4 * columns]));
    let plane: TensorInfo | undefined;
    // TF.js's own concat takes longer than the step. All of these write into one buffer.
    const place = (tensor: Tensor, start: number): void => {
      const length = 4 * Math.ceil(tensor.size / 4);
      plane = this.backend.runWebGPUProgram({...program, dispatch: [Math.ceil(length / WORKGROUP), 1, 1]}, [infoOf(tensor)], 'float32',
        [{type: 'int32', data: [start]}, {type: 'int32', data: [tensor.size]}], plane);
    };
    values.forEach((tensor, i) => place(tensor, 4 * starts[i]!));
    if (loss !== undefined) place(loss, 4 * numTexels);
    return engine().makeTensorFromTensorInfo(plane!);
  }

  flat(plane: Tensor): Tensor1D {
    return reshape(plane, [plane.size]);
  }

  first(matrix: Tensor): Scalar {
    return reshape(slice(reshape<Rank.R1>(matrix, [matrix.size]), 0, 1), []);
  }

  private compiled(key: object, make: () => WebGPUProgram): WebGPUProgram {
    let program = this.programs.get(key);
    if (program === undefined) this.programs.set(key, program = make());
    return program;
  }

  private runProgram(program: WebGPUProgram, inputs: readonly Tensor[], uniforms: readonly (readonly number[])[]): Tensor {
    // TF.js writes what it made of them into key and dispatch.
    const info = this.backend.runWebGPUProgram({...program, dispatch: [...program.dispatch]}, inputs.map(infoOf), 'float32',
      uniforms.map(data => ({type: 'float32', data: [...data]})));
    return engine().makeTensorFromTensorInfo(info);
  }
}

function flatProgram(outputShape: number[], outputComponent: number, names: string[]): Omit<WebGPUProgram, 'shaderKey' | 'uniforms' | 'getUserCode'> {
  const size = outputShape.reduce((a, b) => a * b, 1) / outputComponent;
  return {
    variableNames: names, variableComponents: names.map(() => 4), outputShape, outputComponent, size: true,
    workgroupSize: [WORKGROUP, 1, 1], dispatchLayout: {x: outputShape.map((_, i) => i)}, dispatch: [Math.ceil(size / WORKGROUP), 1, 1],
  };
}

/** Writes a tensor into a plane from float `start` on, filled up with zeros to whole texels. */
function placeProgram(outputShape: number[]): WebGPUProgram {
  return {
    ...flatProgram(outputShape, 1, ['Values']), variableComponents: [1], shaderKey: 'tfjs-l2o place', uniforms: 'start : i32, count : i32,',
    getUserCode: () => `
      fn main(index : i32) {
        if (index < ((uniforms.count + 3) & -4) && uniforms.start + index < uniforms.size) {
          var value = 0.0;
          if (index < uniforms.count) { value = Values[index]; }
          setOutputAtIndex(uniforms.start + index, value);
        }
      }`,
  };
}

function infoOf({dataId, shape, dtype}: Tensor): TensorInfo {
  return {dataId, shape, dtype};
}

import {reshape, slice, type Scalar, type Tensor} from '@tensorflow/tfjs-core';
import {NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../rules/tensor-lstm/spec.js';
import type {GpuDevice} from './gpu-device.js';
import {globalsProgram, globalUniforms, THETA_COLUMNS, THETA_ROWS} from './gpu-global.js';
import {chunkTable, layOut, TENSOR_TABLE_COLUMNS, tensorTable, variableTable, type Layout} from './gpu-layout.js';
import {directionProgram, directionUniforms, momentsProgram, parameterProgram, readsVariables, statisticsProgram} from './gpu-parameter.js';
import type {GpuProgram, TexelSize} from './gpu-program.js';
import {coefficientsProgram, lstmProgram, slotsProgram, squaresProgram, TENSOR_SLOT_COLUMNS, totalsProgram} from './gpu-tensor.js';
import {KeptTensor} from './kept-tensor.js';
import type {SlotArrays, VariableStep} from './runner.js';
import type {StepOptions} from './types.js';

/** Programs of one layout. */
class Programs {
  readonly squares: GpuProgram;
  readonly totals: GpuProgram;
  readonly globals: GpuProgram;
  readonly lstm: GpuProgram;
  readonly moments: GpuProgram;
  readonly direction: GpuProgram;
  readonly parameter: GpuProgram;
  readonly statistics: GpuProgram;
  readonly slots: GpuProgram;
  /** By whether steps are relative to the parameter. */
  readonly coefficients: Readonly<Record<'true' | 'false', GpuProgram>>;

  constructor(layout: Layout) {
    this.squares = squaresProgram(layout);
    this.totals = totalsProgram(layout);
    this.globals = globalsProgram(layout);
    this.lstm = lstmProgram(layout);
    this.coefficients = {true: coefficientsProgram(layout, true), false: coefficientsProgram(layout, false)};
    this.moments = momentsProgram(layout);
    this.direction = directionProgram(layout);
    this.parameter = parameterProgram(layout);
    this.statistics = statisticsProgram(layout);
    this.slots = slotsProgram(layout);
  }
}

/** Slots of variables that are stepped together, side by side on the device, and the step itself. */
export class GpuBatch {
  private readonly layout: Layout;
  private readonly programs: Programs;
  private readonly moments: KeptTensor;
  private readonly tensorSlots: KeptTensor;
  private readonly chunks: KeptTensor;
  private readonly variables: KeptTensor | undefined;
  private readonly tensors: KeptTensor;
  private readonly thetaMatrix: KeptTensor;
  private weightDecays: readonly number[];
  private theta: Float32Array;
  /** Theta's weights of the per-parameter network. */
  private uniforms: number[][];
  /** The variables' values as a plane, and the data that it is a copy of. */
  private parameters: KeptTensor | undefined;
  private copied: readonly object[] = [];
  private live: number;

  /** @param initial Slots of each variable. */
  constructor(
    private readonly device: GpuDevice, private readonly shapes: ReadonlyArray<readonly number[]>, initial: readonly SlotArrays[],
    weightDecays: readonly number[], theta: Float32Array,
  ) {
    const sizes = shapes.map(shape => shape.reduce((a, b) => a * b, 1)), layout = this.layout = layOut(sizes), {plane, chunks} = layout;
    this.programs = new Programs(layout);
    this.live = sizes.length;
    const planeFloats = 4 * plane.rows * plane.columns, moments = new Float32Array(NUM_PARAMETER_SLOTS * planeFloats);
    const tensorSlots = new Float32Array(4 * TENSOR_SLOT_COLUMNS * sizes.length);
    initial.forEach((arrays, i) => {
      const size = sizes[i]!;
      for (let slot = 0; slot < NUM_PARAMETER_SLOTS; slot++) moments.set(arrays.slots.subarray(slot * size, (slot + 1) * size), slot * planeFloats + 4 * layout.starts[i]!);
      tensorSlots.set(arrays.tensorSlots, 4 * TENSOR_SLOT_COLUMNS * i);
    });
    const uploaded = (size: TexelSize, values: Float32Array): KeptTensor => new KeptTensor(device.upload(size, values));
    this.moments = uploaded(this.momentsSize, moments);
    this.tensorSlots = uploaded(this.tensorSlotsSize, tensorSlots);
    this.chunks = uploaded({rows: chunks.length, columns: 1}, chunkTable(layout));
    this.variables = readsVariables(layout) ? uploaded(plane, variableTable(layout)) : undefined;
    this.weightDecays = weightDecays;
    this.tensors = uploaded(this.tensorsSize, tensorTable(layout, shapes, weightDecays));
    this.theta = theta;
    this.uniforms = directionUniforms(theta);
    this.thetaMatrix = uploaded({rows: THETA_ROWS, columns: THETA_COLUMNS}, theta);
  }

  get numVariables(): number {
    return this.shapes.length;
  }
  private get momentsSize(): TexelSize {
    return {rows: NUM_PARAMETER_SLOTS * this.layout.plane.rows, columns: this.layout.plane.columns};
  }
  private get tensorSlotsSize(): TexelSize {
    return {rows: this.shapes.length, columns: TENSOR_SLOT_COLUMNS};
  }
  private get tensorsSize(): TexelSize {
    return {rows: this.shapes.length, columns: TENSOR_TABLE_COLUMNS};
  }

  /**
   * Makes the step, or on the device decides to skip it. The caller tidies.
   * @param globals What all variables of the step before shared; replaced.
   * @returns 1 where the step was made, else 0.
   */
  step(theta: Float32Array, steps: readonly VariableStep[], globals: KeptTensor, loss: Scalar | undefined, options: StepOptions): Scalar {
    const {device, layout, programs} = this;
    this.refresh(theta, steps.map(s => s.weightDecay));
    const gradient = device.gather(steps.map(s => s.gradient), loss, layout);
    const parameter = this.parameterPlane(steps);
    const shared: Record<string, Tensor> = {
      Gradient: gradient, Slots: this.tensorSlots.value, Tensors: this.tensors.value, Chunks: this.chunks.value, Theta: this.thetaMatrix.value, Before: globals.value,
      ...(this.variables && {Variables: this.variables.value}),
    };
    const run = (program: GpuProgram, inputs: Readonly<Record<string, Tensor>>, given?: number[][]): Tensor => device.run(program, {...shared, ...inputs}, given);
    shared.Squares = run(programs.squares, {Parameter: parameter});
    shared.Totals = run(programs.totals, {});
    shared.Globals = run(programs.globals, {}, globalUniforms(options, loss !== undefined));
    shared.Lstm = run(programs.lstm, {});
    shared.Coefficients = run(programs.coefficients[`${options.parameterScale}`], {});
    shared.Moments = run(programs.moments, {Moments: this.moments.value});
    shared.Direction = run(programs.direction, {Parameter: parameter}, this.uniforms);
    shared.Parameter = run(programs.parameter, {Parameter: parameter});
    shared.Statistics = run(programs.statistics, {});
    const slots = run(programs.slots, {});
    this.moments.replace(shared.Moments);
    this.tensorSlots.replace(slots);
    globals.replace(shared.Globals);
    this.assign(steps, shared.Parameter);
    return device.first(shared.Globals);
  }

  /** Uploads again what is seldom another one than at the step before. */
  private refresh(theta: Float32Array, weightDecays: readonly number[]): void {
    if (theta !== this.theta) {
      this.theta = theta;
      this.uniforms = directionUniforms(theta);
      this.thetaMatrix.replace(this.device.upload({rows: THETA_ROWS, columns: THETA_COLUMNS}, theta));
    }
    if (weightDecays.some((decay, i) => decay !== this.weightDecays[i])) {
      this.weightDecays = weightDecays;
      this.tensors.replace(this.device.upload(this.tensorsSize, tensorTable(this.layout, this.shapes, weightDecays)));
    }
  }

  /** The variables' values as a plane: that of the step before, unless someone has assigned others since. */
  private parameterPlane(steps: readonly VariableStep[]): Tensor {
    if (this.parameters !== undefined && steps.every(({variable}, i) => variable.dataId === this.copied[i])) return this.parameters.value;
    return this.device.gather(steps.map(s => s.variable), undefined, this.layout);
  }

  private assign(steps: readonly VariableStep[], plane: Tensor): void {
    const flat = this.device.flat(plane, this.layout);
    this.copied = steps.map(({variable}, i) => {
      variable.assign(reshape(slice(flat, 4 * this.layout.starts[i]!, variable.size), variable.shape));
      return variable.dataId;
    });
    if (this.parameters === undefined) this.parameters = new KeptTensor(plane);
    else this.parameters.replace(plane);
  }

  /** Copies of the slots of one variable. */
  read(index: number): SlotArrays {
    const {device, layout: {sizes, starts, plane}} = this, size = sizes[index]!, planeFloats = 4 * plane.rows * plane.columns;
    const slots = new Float32Array(NUM_PARAMETER_SLOTS * size);
    for (let slot = 0; slot < NUM_PARAMETER_SLOTS; slot++) {
      slots.set(device.download(this.moments.value, this.momentsSize, slot * planeFloats + 4 * starts[index]!, size), slot * size);
    }
    return {slots, tensorSlots: device.download(this.tensorSlots.value, this.tensorSlotsSize, 4 * TENSOR_SLOT_COLUMNS * index, NUM_TENSOR_SLOTS)};
  }

  /** Gives up the slots of one variable; those of the last one free all. */
  release(): void {
    this.live--;
    if (this.live > 0) return;
    for (const kept of [this.moments, this.tensorSlots, this.chunks, this.variables, this.tensors, this.thetaMatrix, this.parameters]) kept?.dispose();
  }
}


import {L2OError} from '../errors.js';
import type {LossProbe} from '../flatness/loss-probe.js';
import type {Split} from '../tasks/task-family.js';
import type {LoadedProblem} from './engine.js';
import {
  ACTIVATIONS, ENGINE_RULES, LOSSES, ROLLOUT_BYTES, ROLLOUT_FIELDS, SCHEDULES, SPLIT_FIELDS, TASK_KINDS, type RolloutField, type SplitField,
} from './engine-layout.js';
import type {EngineMemory} from './engine-memory.js';
import {countSlots, ENGINE_RULE_SIZES} from './engine-rules.js';
import {
  EVALUATION_BATCHES, LARGEST_LOSS, stalePoint, type Evaluation, type Rollout, type RolloutOptions, type RolloutState, type StepObserver,
} from './rollout.js';
import {rejectStart} from './task-contract.js';
import type {TaskOrigin} from './task-origin.js';

const MAX_WINDOW = 4096;
const SPLITS: readonly Split[] = ['train', 'validation'];
const FIELD_INDEX = new Map<RolloutField, number>(ROLLOUT_FIELDS.map(([name], i) => [name, i]));
const FLOAT_FIELDS = new Set<RolloutField>(ROLLOUT_FIELDS.filter(([, type]) => type === 'float').map(([name]) => name));
const STEP = FIELD_INDEX.get('step')!;

type Block = readonly [pointer: number, count: number];

/** A rollout in the compiled engine. */
export class EngineRollout implements Rollout {
  private readonly blocks: Block[] = [];
  /** The struct that the compiled code reads. */
  private readonly at: number;
  private readonly params: number;
  private readonly grads: number;
  private readonly losses: number;
  private readonly theta: Block;
  /** What a snapshot holds. */
  private readonly state: readonly Block[];
  private probeBlock: number | undefined;

  constructor(
    private readonly memory: EngineMemory, private readonly loaded: LoadedProblem, options: RolloutOptions,
    private readonly origin: TaskOrigin | undefined, private readonly onDispose: (() => void) | undefined,
  ) {
    const {problem, numParams} = loaded, numTensors = problem.parameters.length, sizes = ENGINE_RULE_SIZES[options.rule];
    this.at = this.take(ROLLOUT_BYTES / 4);
    this.theta = [this.take(sizes.theta), sizes.theta];
    this.params = this.take(numParams);
    this.grads = this.take(numParams);
    this.losses = this.take(MAX_WINDOW);
    const tensorSizes = problem.parameters.map(({values}) => values.length);
    const state = [countSlots(sizes, tensorSizes), numTensors * sizes.slotsPerTensor, sizes.sharedSlots].map((count): Block => [this.take(count), count]);
    const [[slots], [tensorSlots], [lossSlots]] = state as [Block, Block, Block];
    this.state = [[this.params, numParams], ...state];
    sizes.start?.(memory.floats(slots, state[0]![1]), tensorSizes);
    this.writeParameters();
    this.writeFields({
      rule: ENGINE_RULES.indexOf(options.rule), schedule: SCHEDULES.indexOf(options.schedule ?? 'constant'),
      parameterScale: options.parameterScale === false ? 0 : 1, hasLoss: options.hasLoss ? 1 : 0, step: 0,
      horizon: options.horizon, learningRate: options.learningRate, weightDecay: options.weightDecay ?? 0, momentum: options.momentum ?? 0,
      theta: this.theta[0], slots, tensorSlots, lossSlots, numTensors, numParams, tensors: loaded.tensors, params: this.params, grads: this.grads,
      task: TASK_KINDS.indexOf(problem.kind), numSizes: problem.sizes.length, sizes: loaded.sizes,
      activation: ACTIVATIONS.indexOf(problem.activation ?? 'relu'), lossKind: LOSSES.indexOf(problem.loss ?? 'meanSquaredError'),
      strength: problem.strength ?? 0, scales: loaded.scales,
    });
    loaded.splits.forEach(({inputs, answers, data: {numExamples, batchSize, seed, inOrder}}, i) =>
      this.writeSplit(i, {inputs, answers, numExamples, batchSize, seed, inOrder: inOrder === true ? 1 : 0}));
    const {wasm} = memory;
    this.writeFields({scratch: this.take(wasm.scratchFloats(this.at)), ruleScratch: this.take(wasm.ruleScratchFloats(this.at))});
  }

  private take(count: number): number {
    const pointer = this.memory.allocate(count);
    this.memory.floats(pointer, count).fill(0);
    this.blocks.push([pointer, count]);
    return pointer;
  }

  private writeFields(values: Partial<Record<RolloutField, number>>): void {
    const ints = this.memory.ints(this.at, ROLLOUT_FIELDS.length), floats = this.memory.floats(this.at, ROLLOUT_FIELDS.length);
    for (const [name, value] of Object.entries(values) as Array<[RolloutField, number]>) {
      (FLOAT_FIELDS.has(name) ? floats : ints)[FIELD_INDEX.get(name)!] = value;
    }
  }

  private writeSplit(index: number, values: Record<SplitField, number>): void {
    const pointer = this.at + 4 * (ROLLOUT_FIELDS.length + index * SPLIT_FIELDS.length);
    this.memory.ints(pointer, SPLIT_FIELDS.length).set(SPLIT_FIELDS.map(([name]) => values[name] | 0));
  }

  private writeParameters(): void {
    const {problem: {parameters, scales}, numParams} = this.loaded, params = this.memory.floats(this.params, numParams);
    let at = 0;
    for (const {values} of parameters) {
      params.set(values, at);
      at += values.length;
    }
    scales?.forEach((scale, i) => (params[i]! /= scale));
  }

  /** Steps made. */
  get step(): number {
    return this.memory.ints(this.at, STEP + 1)[STEP]!;
  }

  /** As in {@link Rollout}. @throws L2OError `INVALID_THETA` for a theta of another size than the rule's. */
  setTheta(theta: Float32Array): void {
    const [pointer, count] = this.theta;
    if (count > 0 && theta.length !== count) {
      throw new L2OError('INVALID_THETA', `rollout: expected a theta of ${count} weights, got ${theta.length}. Pass weights that were trained for this rule.`);
    }
    if (count > 0) this.memory.floats(pointer, count).set(theta);
  }

  /** As in {@link Rollout}. @throws L2OError `INVALID_ARGUMENT` where the first loss is not finite and the origin is known. */
  run(steps: number, losses: Float32Array, observe?: StepObserver): number {
    if (observe !== undefined) return this.runObserved(steps, losses, observe);
    for (let made = 0; made < steps;) {
      const asked = Math.min(steps - made, MAX_WINDOW), before = this.step, ran = this.memory.wasm.runWindow(this.at, asked, this.losses);
      losses.set(this.memory.floats(this.losses, Math.min(ran + 1, asked)), made);
      if (before === 0 && ran === 0) this.checkStart(losses[made]!);
      made += ran;
      if (ran < asked) return made;
    }
    return steps;
  }

  private runObserved(steps: number, losses: Float32Array, observe: StepObserver): number {
    for (let k = 0; k < steps; k++) {
      const before = this.parameters();
      if (this.run(1, losses.subarray(k, k + 1)) === 0) return k;
      observe(this.memory.floats(this.grads, this.loaded.numParams).slice(), this.parameters().map((x, i) => x - before[i]!));
    }
    return steps;
  }

  private checkStart(loss: number): void {
    if (this.origin !== undefined && !(Math.abs(loss) < LARGEST_LOSS)) rejectStart(loss, this.origin);
  }

  snapshot(): RolloutState {
    return {step: this.step, pieces: this.state.map(([pointer, count]) => this.memory.floats(pointer, count).slice())};
  }

  /** As in {@link Rollout}. @throws L2OError `INVALID_ARGUMENT` for the state of another task, rule or engine. */
  restore({step, pieces}: RolloutState): void {
    const expected = this.state.map(([, count]) => count).join(', '), got = pieces.map(piece => piece.length).join(', ');
    if (got !== expected) {
      throw new L2OError('INVALID_ARGUMENT', `rollout: expected a state of ${expected} numbers, got ${got}. ` +
        'Restore what a rollout of the same task, rule and engine saved.');
    }
    this.writeFields({step});
    this.state.forEach(([pointer, count], i) => this.memory.floats(pointer, count).set(pieces[i]!));
  }

  evaluate(split: Split = 'train', numBatches = EVALUATION_BATCHES): Evaluation {
    const {problem} = this.loaded, right = problem.classes === true ? this.losses : 0;
    let loss = 0, accuracy = 0;
    for (let k = 0; k < numBatches; k++) {
      loss += this.memory.wasm.lossAt(this.at, SPLITS.indexOf(split), k, this.params, 0, right) / numBatches;
      if (right !== 0) accuracy += this.memory.ints(right, 1)[0]! / (problem.splits[split].batchSize * numBatches);
    }
    if (this.step === 0) this.checkStart(loss);
    return {loss, ...(right !== 0 && {accuracy})};
  }

  /** Mean loss, and share of right classes, over all examples of a split of a network. */
  evaluateWhole(split: Split = 'train'): Required<Evaluation> {
    const right = this.losses, {numExamples} = this.loaded.problem.splits[split];
    const loss = this.memory.wasm.wholeSplit(this.at, SPLITS.indexOf(split), right);
    return {loss, accuracy: this.memory.ints(right, 1)[0]! / numExamples};
  }

  probe(numBatches = 1): LossProbe {
    const {loaded: {problem, numParams}, step} = this;
    const assertCurrent = (): void => {
      if (this.step !== step) stalePoint(step, this.step);
    };
    return {
      shapes: problem.parameters.map(({shape}) => shape),
      parameters: () => this.parameters(),
      loss: at => {
        assertCurrent();
        let total = 0;
        for (let k = 0; k < numBatches; k++) total += this.lossAt(at, 'train', step + k);
        return total / numBatches;
      },
      gradient: at => {
        assertCurrent();
        const sum = new Float32Array(numParams);
        let total = 0;
        for (let k = 0; k < numBatches; k++) {
          const {loss, gradient} = this.gradientAt(at, 'train', step + k);
          total += loss;
          gradient.forEach((g, i) => (sum[i]! += g / numBatches));
        }
        return {loss: total / numBatches, gradient: sum};
      },
    };
  }

  /** The loss at any parameters on a batch of a split. */
  lossAt(at: Float32Array, split: Split, batch: number): number {
    return this.memory.wasm.lossAt(this.at, SPLITS.indexOf(split), batch, this.placed(at), 0, 0);
  }

  /** The same, and its gradient: a view, valid until the engine is used again. */
  gradientAt(at: Float32Array, split: Split, batch: number): {readonly loss: number; readonly gradient: Float32Array} {
    const {loaded: {numParams}, memory} = this, point = this.placed(at), gradient = point + 4 * numParams;
    const loss = memory.wasm.lossAt(this.at, SPLITS.indexOf(split), batch, point, gradient, 0);
    return {loss, gradient: memory.floats(gradient, numParams)};
  }

  /** Where the engine finds a copy of `at`; there is room for a gradient behind it. */
  private placed(at: Float32Array): number {
    const {numParams} = this.loaded, point = this.probeBlock ??= this.take(2 * numParams);
    this.memory.floats(point, numParams).set(at);
    return point;
  }

  /** The current parameters, one tensor after another: a copy. */
  parameters(): Float32Array {
    return this.memory.floats(this.params, this.loaded.numParams).slice();
  }

  dispose(): void {
    if (this.blocks.length === 0) return;
    for (const [pointer, count] of this.blocks.splice(0)) this.memory.release(pointer, count);
    this.onDispose?.();
  }
}

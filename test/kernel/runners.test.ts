import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {JsRunner} from '../../src/kernel/js-runner.js';
import {OpsRunner} from '../../src/kernel/ops-runner.js';
import type {Loss, LossSlots, StepRunner, VariableSlots, VariableStep} from '../../src/kernel/runner.js';
import {selectRunner} from '../../src/kernel/select-runner.js';
import type {StepOptions} from '../../src/kernel/types.js';
import {CopyingWasmRunner, SharedWasmRunner} from '../../src/kernel/wasm-runner.js';
import {Random} from '../../src/random.js';
import {NUM_LOSS_SLOTS, NUM_PARAMETER_SLOTS, NUM_TENSOR_SLOTS} from '../../src/rules/tensor-lstm/spec.js';
import {Bowl} from '../contract/bowl.js';
import {expectClose, expectSame} from '../contract/training.js';
import {BACKENDS, forEachBackend, useBackend} from '../support/backends.js';
import {randomTheta} from './golden.js';

const SHAPES = [[4, 3], [5], [], [17], [2, 1, 3]];
const OPTIONS: Omit<StepOptions, 'time'> = {horizon: 40, learningRate: 1, clipNorm: 2, parameterScale: true};
const THETA = randomTheta(5);

/** The runners that can work on the current backend. */
function runners(): StepRunner[] {
  const shared = SharedWasmRunner.create(tf.backend());
  return [new JsRunner(), new OpsRunner(), new CopyingWasmRunner(), ...(shared === undefined ? [] : [shared])];
}

/** A run on one runner, which may move to another at a step. */
class Run {
  readonly bowl = new Bowl(SHAPES);
  private slots: VariableSlots[];
  private losses: LossSlots;

  constructor(private runner: StepRunner) {
    this.slots = this.bowl.variables.map(v => runner.createSlots(v.size));
    this.losses = runner.createLossSlots();
  }

  step(time: number, loss: number | undefined, spoil?: (gradients: Float32Array[]) => void): string {
    const gradients = this.bowl.gradients(time), values = gradients.map(g => g.dataSync<'float32'>().slice());
    spoil?.(values);
    tf.dispose(gradients);
    const tensors = values.map((v, i) => tf.tensor(v, [...SHAPES[i]!]));
    const steps = this.bowl.variables.map((variable, i): VariableStep => ({variable, gradient: tensors[i]!, slots: this.slots[i]!, weightDecay: i % 2 === 0 ? 0.1 : 0}));
    const given: Loss = loss === undefined || this.runner.readsLoss ? loss : tf.scalar(loss);
    const outcome = this.runner.step(THETA, steps, this.losses, given, {...OPTIONS, time});
    tf.dispose(tensors);
    if (typeof given === 'object') given.dispose();
    if (outcome.kind !== 'deferred') return outcome.kind === 'skipped' ? outcome.culprit : 'made';
    const made = outcome.made.dataSync()[0] !== 0;
    outcome.made.dispose();
    return made ? 'made' : 'skipped';
  }

  moveTo(runner: StepRunner): void {
    const slots = this.slots.map((s, i) => runner.createSlots(this.bowl.variables[i]!.size, s.read())), losses = runner.createLossSlots(this.losses.read());
    this.disposeSlots();
    this.runner = runner;
    this.slots = slots;
    this.losses = losses;
  }

  /** Variables and all slots. */
  state(): Float32Array[] {
    return [...this.bowl.values(), ...this.slots.flatMap(s => Object.values(s.read()) as Float32Array[]), this.losses.read()];
  }

  private disposeSlots(): void {
    this.slots.forEach(s => s.dispose());
    this.losses.dispose();
  }

  dispose(): void {
    this.disposeSlots();
    this.bowl.dispose();
  }
}

/** A loss that falls, is missing at times, and leaps once. */
function lossAt(time: number): number | undefined {
  return time % 7 === 3 ? undefined : (time === 15 ? 30 : 3) / (1 + time / 10);
}

describe('the runners', () => {
  forEachBackend(BACKENDS, () => {
    it('agree on variables after 30 steps, and on all slots', () => {
      const states = runners().map(runner => {
        const run = new Run(runner);
        for (let time = 0; time < 30; time++) expect(run.step(time, lossAt(time))).to.equal('made');
        const state = run.state();
        run.dispose();
        return state;
      });
      // Slots hold differences of small numbers too, so those are held to a wider tolerance.
      for (const state of states.slice(1)) {
        expectClose(state.slice(0, SHAPES.length), states[0]!.slice(0, SHAPES.length), 1e-4);
        expectClose(state, states[0]!, 1e-3);
      }
    });

    it('take slots over from one another in the middle', () => {
      const all = runners(), moving = new Run(all[0]!), staying = new Run(all[0]!);
      for (let time = 0; time < 24; time++) {
        if (time % 3 === 2) moving.moveTo(all[(time / 3 | 0) % all.length]!);
        moving.step(time, lossAt(time));
        staying.step(time, lossAt(time));
      }
      expectClose(moving.bowl.values(), staying.bowl.values(), 1e-4);
      [moving, staying].forEach(run => run.dispose());
    });

    it('hand over slots bit for bit, as copies', () => {
      const random = new Random(1), initial = {slots: random.normals(NUM_PARAMETER_SLOTS * 5), tensorSlots: random.normals(NUM_TENSOR_SLOTS)}, losses = random.normals(NUM_LOSS_SLOTS);
      const expected = [initial.slots.slice(), initial.tensorSlots.slice(), losses.slice()];
      for (const runner of runners()) {
        const slots = runner.createSlots(5, initial), lossSlots = runner.createLossSlots(losses);
        const read = (): Float32Array[] => [slots.read().slots, slots.read().tensorSlots, lossSlots.read()];
        expectSame(read(), expected);
        read().forEach(values => values.fill(0));
        expectSame(read(), expected);
        slots.dispose();
        slots.dispose();
        lossSlots.dispose();
      }
      expectSame([initial.slots, initial.tensorSlots, losses], expected);
    });

    it('skip a step that is not finite, change nothing, and name the culprit where reading it is free', () => {
      for (const runner of runners()) {
        const run = new Run(runner);
        run.step(0, 1);
        const before = run.state(), name = run.bowl.variables[3]!.name;
        for (const bad of [NaN, Infinity, -Infinity]) {
          const outcome = run.step(1, 1, gradients => (gradients[3]![16] = bad));
          expect(outcome).to.equal(runner.readsLoss ? `the gradient of '${name}'` : 'skipped');
          expect(run.step(1, bad)).to.equal(runner.readsLoss ? 'the loss' : 'skipped');
          expectSame(run.state(), before);
        }
        expect(run.step(1, 1)).to.equal('made');
        run.dispose();
      }
    });

    it('leave no tensor behind', () => {
      for (const runner of runners()) {
        const before = tf.memory().numTensors, run = new Run(runner);
        for (let time = 0; time < 3; time++) run.step(time, lossAt(time));
        run.step(3, NaN);
        run.dispose();
        expect(tf.memory().numTensors, runner.name).to.equal(before);
      }
    });

    it('leave values alone that the user holds', () => {
      for (const runner of runners()) {
        const run = new Run(runner), variable = run.bowl.variables[1]!;
        const held = tf.clone(variable), read = variable.dataSync<'float32'>(), before = read.slice();
        run.step(0, 1);
        expectSame([held.dataSync<'float32'>(), read], [before, before]);
        held.dispose();
        run.dispose();
      }
    });
  });
});

describe('selectRunner', () => {
  after(() => useBackend('cpu'));

  it('takes the fused kernel on cpu, wasm and node, on the heap of wasm itself, and says nothing', async () => {
    const notices: string[] = [], names: string[] = [];
    for (const name of BACKENDS) {
      await useBackend(name);
      const runner = selectRunner(notice => void notices.push(notice));
      expect(selectRunner(() => undefined)).to.equal(runner);
      names.push(runner.name);
    }
    expect(names).to.deep.equal(['wasm-copy', 'wasm-shared', 'wasm-copy']);
    expect(notices).to.deep.equal([]);
  });

  it('shares no heap that it does not know', async () => {
    await useBackend('wasm');
    const real = tf.backend() as unknown as {wasm: object};
    for (const strange of [null, undefined, {}, {wasm: {}}, {...real, wasm: {...real.wasm, asm: {}}}, {wasm: {...real.wasm, asm: {memory: {}}}}]) {
      expect(SharedWasmRunner.create(strange)).to.equal(undefined);
    }
  });
});

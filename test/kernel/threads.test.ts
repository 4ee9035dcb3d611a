import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import threads, {type Worker} from 'node:worker_threads';
import {learnedOptimizer} from '../../src/index.js';
import {floatsAt, OwnHeap} from '../../src/kernel/heap.js';
import {selectRunner} from '../../src/kernel/select-runner.js';
import type {WasmRunner} from '../../src/kernel/wasm-runner.js';
import {SHARED_FROM, WasmStep} from '../../src/kernel/wasm-step.js';
import {Random} from '../../src/random.js';
import {lstmDm} from '../../src/rules/lstm-dm.js';
import {expectSame} from '../contract/training.js';
import {BACKENDS, forEachBackend, useBackend} from '../support/backends.js';

/** Below, at and above what threads share; whole chunks, whole blocks, and neither. */
const SIZES = [SHARED_FROM - 1, 7, SHARED_FROM + 16_384, SHARED_FROM + 17_413];
const GRADIENTS = SIZES.map((size, i) => new Random(i).normals(size, 0.1));

/** What `numSteps` steps make of the same variables: their values and all saved state. */
async function runOf(numThreads: number | undefined, onNotice: (notice: string) => void = () => undefined, numSteps = 5): Promise<Float32Array[]> {
  const optimizer = learnedOptimizer({numSteps: 20, weightDecay: 0.1, clipNorm: 50, numThreads, onNotice});
  const variables = GRADIENTS.map((values, i) => tf.tidy(() => tf.variable(tf.mul(tf.tensor1d(values), 3), true, `threads/${i}`)));
  try {
    for (let step = 0; step < numSteps; step++) {
      const gradients = variables.map((v, i) => tf.tidy(() => tf.add(tf.tensor1d(GRADIENTS[i]!), tf.mul(v, 0.01 * step))));
      optimizer.applyGradients(variables.map(({name}, i) => ({name, tensor: gradients[i]!})));
      tf.dispose(gradients);
      // The threads start meanwhile.
      await new Promise(resolve => setTimeout(resolve));
    }
    const weights = await optimizer.getWeights(), state = [...variables, ...weights.map(w => w.tensor)].map(t => Float32Array.from(t.dataSync()));
    weights.forEach(w => w.tensor.dispose());
    return state;
  } finally {
    optimizer.dispose();
    tf.dispose(variables);
  }
}

/** Replaces the class that threads are made of while `run` runs. */
async function withWorkers<T>(replacement: typeof Worker, run: () => Promise<T>): Promise<T> {
  const {Worker: real} = threads;
  threads.Worker = replacement;
  try {
    return await run();
  } finally {
    threads.Worker = real;
  }
}

describe('numThreads', () => {
  forEachBackend(BACKENDS.filter(name => name !== 'wasm'), () => {
    it('changes no bit of variables and state, and says nothing', async () => {
      const notices: string[] = [], before = tf.memory().numTensors, alone = await runOf(undefined);
      for (const numThreads of [1, 2, 3]) expectSame(await runOf(numThreads, notice => void notices.push(notice)), alone);
      expect(notices).to.deep.equal([]);
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('has other threads at work, and changes nothing once they are', async () => {
      const runner = selectRunner(() => undefined, 'tensor-lstm', 2) as WasmRunner, before = runner.sharedChunks, alone = await runOf(1);
      // A busy machine may take its time to start them.
      while (runner.sharedChunks < before + 20) expectSame(await runOf(2), alone);
      expect(selectRunner(() => undefined)).to.have.property('sharedChunks', 0);
    });
  });

  it('is right when the memory grows between two steps', async () => {
    const heap = new OwnHeap(true), kernel = new WasmStep(heap, undefined, 2), random = new Random(1);
    try {
      for (const size of [SHARED_FROM, 20 * SHARED_FROM, SHARED_FROM + 1, 40 * SHARED_FROM]) {
        const values = random.normals(size), pointer = heap.allocate(size), one = new WasmStep(new OwnHeap());
        floatsAt(heap, pointer, size).set(values);
        const other = one.heap.allocate(size);
        floatsAt(one.heap, other, size).set(values);
        for (let i = 0; i < 20; i++) {
          expect(kernel.sumSquares(pointer, size)).to.equal(one.sumSquares(other, size));
          await new Promise(resolve => setTimeout(resolve, 1));
        }
      }
      expect(kernel.sharedChunks).to.be.greaterThan(0);
    } finally {
      kernel.stopThreads();
    }
  });

  it('finds what is not finite in any part', () => {
    const heap = new OwnHeap(true), kernel = new WasmStep(heap, undefined, 2), size = 2 * SHARED_FROM + 5, pointer = heap.allocate(size);
    const values = floatsAt(heap, pointer, size).fill(1e-3);
    for (const at of [0, 16_383, 16_384, SHARED_FROM, size - 1]) {
      values[at] = NaN;
      expect(kernel.sumSquares(pointer, size)).to.be.NaN;
      values[at] = Infinity;
      expect(kernel.sumSquares(pointer, size)).to.equal(Infinity);
      values[at] = 1e-3;
    }
    kernel.stopThreads();
  });

  it('ends its threads when the last optimizer that has used them is disposed, and starts them anew', async () => {
    const made: Worker[] = [], exits: Array<Promise<unknown>> = [];
    class Counted extends threads.Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        made.push(this);
        exits.push(once(this, 'exit'));
      }
    }
    await withWorkers(Counted, async () => {
      const [first, second] = [0, 1].map(() => learnedOptimizer({numThreads: 4})), variable = tf.variable(tf.ones([SHARED_FROM])), tensor = tf.ones([SHARED_FROM]);
      const step = (optimizer = first): void => optimizer!.applyGradients([{name: variable.name, tensor}]);
      expect(made).to.have.lengthOf(0);
      step();
      step(second);
      expect(made).to.have.lengthOf(3);
      first!.dispose();
      step(second);
      expect(made).to.have.lengthOf(3);
      second!.dispose();
      await Promise.all(exits);
      const third = learnedOptimizer({numThreads: 4});
      step(third);
      expect(made).to.have.lengthOf(6);
      third.dispose();
      await Promise.all(exits);
      tf.dispose([variable, tensor]);
    });
  });

  it('makes its steps alone, the same and with one notice, where workers do not start', async () => {
    class Refused extends threads.Worker {
      constructor() {
        super('throw new Error("refused by policy")', {eval: true});
      }
    }
    const alone = await runOf(1), notices: string[] = [];
    // A number of its own, so that no other test has the runner.
    await withWorkers(Refused, async () => {
      // The news of it may come after the last step.
      while (notices.length === 0) expectSame(await runOf(5, notice => void notices.push(notice)), alone);
    });
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('numThreads: 5').and.include('refused by policy').and.include('one thread');
  });

  it('is noted once, and steps are those of one thread, where there is no shared memory', async () => {
    await useBackend('wasm');
    const alone = await runOf(1), notices: string[] = [];
    expectSame(await runOf(2, notice => void notices.push(notice)), alone);
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('numThreads: 2').and.include('not one that threads share');
    await useBackend('cpu');
  });

  it('is noted once by rules that step by tf ops', () => {
    const notices: string[] = [], theta = lstmDm.initialTheta(new Random(1)), optimizer = learnedOptimizer({rule: 'lstm-dm', theta, numThreads: 2, onNotice: notice => void notices.push(notice)});
    const variable = tf.variable(tf.ones([3])), tensor = tf.ones([3]);
    for (let i = 0; i < 2; i++) optimizer.applyGradients([{name: variable.name, tensor}]);
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include("'zoo'");
    optimizer.dispose();
    tf.dispose([variable, tensor]);
  });

  it('does not keep a process alive', () => {
    const program = `
      import * as tf from '@tensorflow/tfjs-core';
      import '@tensorflow/tfjs-backend-cpu';
      import {learnedOptimizer} from './src/index.ts';
      const variable = tf.variable(tf.ones([${SHARED_FROM}])), optimizer = learnedOptimizer({numThreads: 2});
      for (let i = 0; i < 3; i++) optimizer.applyGradients([{name: variable.name, tensor: tf.ones([${SHARED_FROM}])}]);
      console.log(optimizer.iterations);`;
    const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {encoding: 'utf8', timeout: 50_000, stdio: ['ignore', 'pipe', 'ignore']});
    expect(out.trim().split('\n').at(-1)).to.equal('3');
  });
});

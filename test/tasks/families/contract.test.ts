import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../../src/random.js';
import {registerWasmTrainingKernels} from '../../../src/kernel/wasm-training.js';
import {taskGradients} from '../../../src/tasks/augment/task-gradients.js';
import {convNetFamily} from '../../../src/tasks/families/conv-net.js';
import type {Task} from '../../../src/tasks/task-family.js';
import {forEachBackend, useBackend} from '../../support/backends.js';
import {disposeBatch, expectTrueGradients, fingerprint, lossesAt, nextBatch, readAll} from '../../support/task-checks.js';
import {DEFAULT_FAMILIES, KINKED_FAMILIES, SMOOTH_FAMILIES} from './all-families.js';

describe('every task family', () => {
  for (const family of DEFAULT_FAMILIES) {
    describe(family.name, () => {
      it('starts with finite losses of both splits for 50 seeds', () => {
        for (let seed = 0; seed < 50; seed++) {
          const task = family.sample(new Random(seed)), params = task.init();
          for (const split of ['train', 'validation'] as const) {
            expect(lossesAt(task, params, split, 1).every(Number.isFinite), `seed ${seed}, ${split}`).to.be.true;
          }
          tf.dispose(params);
          task.dispose?.();
        }
      });

      it('gives every parameter a finite gradient of its shape', () => {
        for (let seed = 0; seed < 10; seed++) {
          const task = family.sample(new Random(seed)), params = task.init(), batch = nextBatch(task.batches('train'));
          const {loss, gradients} = taskGradients(task, params, batch, 0);
          expect(loss.shape).to.deep.equal([]);
          expect(Object.keys(gradients)).to.deep.equal(Object.keys(params));
          for (const [name, gradient] of Object.entries(gradients)) {
            expect(gradient.shape, name).to.deep.equal(params[name]!.shape);
            expect(gradient.dataSync().every(Number.isFinite), `seed ${seed}, ${name}`).to.be.true;
          }
          expect(Object.values(readAll(gradients)).some(values => values.some(value => value !== 0)), `seed ${seed}`).to.be.true;
          tf.dispose([loss, params]);
          disposeBatch(batch);
          task.dispose?.();
        }
      });

      it('samples the same task from the same generator, bit for bit', () => {
        const [first, again, other] = [3, 3, 4].map(seed => {
          const task = family.sample(new Random(seed)), print = fingerprint(task);
          task.dispose?.();
          return print;
        });
        expect(again).to.deep.equal(first);
        expect(other).to.not.deep.equal(first);
      });

      it('samples other tasks when the generator goes on', () => {
        const random = new Random(3);
        const [first, second] = [0, 1].map(() => {
          const task = family.sample(random), print = fingerprint(task);
          task.dispose?.();
          return print;
        });
        expect(second).to.not.deep.equal(first);
      });

      it('starts the same batches and parameters anew at each call', () => {
        const task = family.sample(new Random(1));
        expect(fingerprint(task)).to.deep.equal(fingerprint(task));
        task.dispose?.();
      });

      it('keeps no tensor over 100 evaluations, and none after dispose', () => {
        const before = tf.memory().numTensors, task = family.sample(new Random(2)), params = task.init(), batches = task.batches('train');
        const held = tf.memory().numTensors;
        for (let step = 0; step < 100; step++) {
          const batch = nextBatch(batches);
          if (step % 10 === 0) tf.dispose({...taskGradients(task, params, batch, step)});
          else tf.tidy(() => void task.loss(params, batch));
          disposeBatch(batch);
        }
        expect(tf.memory().numTensors).to.equal(held);
        tf.dispose(params);
        task.dispose?.();
        expect(tf.memory().numTensors).to.equal(before);
      });

      it('survives the tidy that it was sampled in', () => {
        const tasks: Task[] = [];
        tf.tidy(() => void tasks.push(family.sample(new Random(2))));
        for (const task of tasks) {
          expect(() => fingerprint(task)).to.not.throw();
          task.dispose?.();
        }
      });
    });
  }
});

describe('the gradients of every task family', () => {
  forEachBackend(['cpu', 'wasm'], backend => {
    if (backend === 'wasm') before(() => void registerWasmTrainingKernels());
    for (const [step, families] of [[1e-2, SMOOTH_FAMILIES], [1e-3, KINKED_FAMILIES]] as const) {
      for (const family of families) {
        it(`agree with finite differences: ${family.name}`, () => {
          for (let seed = 0; seed < 3; seed++) {
            const task = family.sample(new Random(seed));
            expectTrueGradients(task, step);
            task.dispose?.();
          }
        });
      }
    }
  });
});

describe('convNetFamily on wasm without training kernels', () => {
  const kernelOf = (): tf.KernelConfig | undefined => tf.getKernelsForBackend('wasm').find(({kernelName}) => kernelName === 'Conv2DBackpropFilter');
  let registered: tf.KernelConfig | undefined;
  before(async () => {
    await useBackend('wasm');
    registered = kernelOf();
    if (registered !== undefined) tf.unregisterKernel('Conv2DBackpropFilter', 'wasm');
  });
  after(async () => {
    if (registered !== undefined) tf.registerKernel(registered);
    await useBackend('cpu');
  });

  it('says what is missing and how to get it', () => {
    const task = convNetFamily().sample(new Random(0)), params = task.init(), batch = nextBatch(task.batches('train'));
    expect(() => task.loss(params, batch)).to.throw('registerWasmTrainingKernels').with.property('code', 'UNSUPPORTED_BACKEND');
    tf.dispose(params);
    disposeBatch(batch);
  });
});

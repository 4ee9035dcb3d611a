import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {learnedOptimizer} from '../../src/index.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {Random} from '../../src/random.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {growths} from '../support/growths.js';
import {Bowl, minimize} from './bowl.js';
import {BATCHES_PER_EPOCH, LAYERS_ENTRY_POINTS, LOOP_STEPS, LOSSLESS_STEPS, type Training} from './entry-points.js';
import {mlp, regression} from './tasks.js';
import {compiled, loaded, saved, train} from './training.js';

const STEPS = 1000;
// Of sizes that need the kernel's tails, and one that fills a vector.
const SHAPES = [[3, 5], [7], [], [8]];

/** Memory before an optimizer is made, after its first steps, and after all of them, before anything is disposed. */
interface Usage {
  readonly start: tf.MemoryInfo;
  readonly early: tf.MemoryInfo;
  readonly late: tf.MemoryInfo;
}

/** Makes 1,000 steps of the training that `begin` makes, once under ours and once under sgd, and compares what they leave. */
async function expectNoMoreThanSgd(begin: (optimizer: tf.Optimizer) => Omit<Training, 'model'>): Promise<void> {
  const usages: Usage[] = [];
  for (const make of [() => learnedOptimizer(), () => tf.train.sgd(0.01)]) {
    const start = tf.memory(), optimizer = make(), training = begin(optimizer);
    await training.run(BATCHES_PER_EPOCH);
    const early = tf.memory();
    await training.run(STEPS - BATCHES_PER_EPOCH);
    usages.push({start, early, late: tf.memory()});
    training.dispose();
    optimizer.dispose();
  }
  const [ours, sgd] = usages as [Usage, Usage];
  expect(ours.late.numTensors - ours.start.numTensors, 'tensors').to.be.at.most(sgd.late.numTensors - sgd.start.numTensors);
  expect(ours.late.numTensors - ours.early.numTensors, 'growth of tensors').to.be.at.most(sgd.late.numTensors - sgd.early.numTensors);
  expect(ours.late.numBytes - ours.early.numBytes, 'growth of bytes').to.be.at.most(sgd.late.numBytes - sgd.early.numBytes);
}

describe('over 1,000 steps no more tensors than under tf.train.sgd are left', () => {
  forEachBackend(BACKENDS, () => {
    for (const entry of LAYERS_ENTRY_POINTS) {
      it(`by ${entry.title}`, () => expectNoMoreThanSgd(optimizer => entry.start(regression, optimizer)));
    }

    for (const [title, step] of Object.entries({...LOOP_STEPS, ...LOSSLESS_STEPS})) {
      it(`by ${title}`, () => expectNoMoreThanSgd(optimizer => {
        const bowl = new Bowl(SHAPES);
        return {
          run(steps) {
            for (let i = 0; i < steps; i++) step(optimizer, () => bowl.loss(i), bowl.variables);
            return Promise.resolve();
          },
          dispose: () => bowl.dispose(),
        };
      }));
    }
  });
});

/** Allocations on the heap of the wasm backend that are not freed yet. */
function countAllocations(): {live(): number; stop(): void} {
  const {wasm} = tf.backend() as unknown as {wasm: {_malloc: (bytes: number) => number; _free: (pointer: number) => void}};
  const {_malloc: malloc, _free: free} = wasm;
  let live = 0;
  wasm._malloc = bytes => {
    live++;
    return malloc(bytes);
  };
  wasm._free = pointer => {
    live--;
    free(pointer);
  };
  return {
    live: () => live,
    stop: () => void Object.assign(wasm, {_malloc: malloc, _free: free}),
  };
}

describe('dispose frees', () => {
  forEachBackend(BACKENDS, backend => {
    /** One life of an optimizer, with a theta of its own every other time. */
    function live(round: number): void {
      const optimizer = learnedOptimizer(round % 2 === 0 ? {} : {theta: initialTheta(new Random(round))});
      const bowl = new Bowl([[40, 50], ...SHAPES]);
      minimize(optimizer, bowl, 0, 3);
      optimizer.dispose();
      bowl.dispose();
    }

    it('all that 50 optimizers in turn took: their memory does not grow, and no tensor is left', async () => {
      for (let round = 0; round < 20; round++) live(round);
      const before = tf.memory();
      expect(await growths(() => {
        for (let round = 0; round < 50; round++) live(round);
      })).to.equal(0);
      expect(tf.memory().numTensors).to.equal(before.numTensors);
      expect(tf.memory().numBytes).to.equal(before.numBytes);
    });

    if (backend === 'wasm') {
      it('every allocation on the heap of the wasm backend', () => {
        for (let round = 0; round < 20; round++) live(round);
        const allocations = countAllocations();
        for (let round = 0; round < 50; round++) live(round);
        allocations.stop();
        expect(allocations.live()).to.equal(0);
      });
    }

    it('nothing twice', async () => {
      const optimizer = learnedOptimizer(), bowl = new Bowl(SHAPES), before = tf.memory().numTensors;
      minimize(optimizer, bowl, 0, 2);
      optimizer.dispose();
      optimizer.dispose();
      // Two optimizers must not get the same slots after that.
      const pair = [learnedOptimizer(), learnedOptimizer()], bowls = [new Bowl(SHAPES), new Bowl(SHAPES)];
      for (let step = 0; step < 5; step++) pair.forEach((o, i) => minimize(o, bowls[i]!, step, step + 1));
      expect(bowls[0]!.values()).to.deep.equal(bowls[1]!.values());
      pair.forEach(o => o.dispose());
      bowls.forEach(b => b.dispose());
      expect(tf.memory().numTensors).to.equal(before);
      bowl.dispose();
      await Promise.resolve();
    });

    it('slots of variables that have been disposed, as soon as new ones are seen', async () => {
      const optimizer = learnedOptimizer();
      const train10 = (): void => {
        for (let i = 0; i < 10; i++) {
          const bowl = new Bowl(SHAPES);
          minimize(optimizer, bowl, 0, 1);
          bowl.dispose();
        }
      };
      train10();
      expect(await growths(() => {
        for (let i = 0; i < 20; i++) train10();
      })).to.equal(0);
      const last = new Bowl(SHAPES);
      minimize(optimizer, last, 0, 1);
      const weights = await optimizer.getWeights();
      expect(weights.filter(({name}) => name.endsWith('/parameter'))).to.have.lengthOf(SHAPES.length);
      tf.dispose(weights.map(w => w.tensor));
      last.dispose();
      optimizer.dispose();
    });

    it('a save and a load leave no tensor behind but the model\'s own', async () => {
      const model = compiled(mlp, learnedOptimizer());
      await train(model, mlp, 0, 3);
      const before = tf.memory().numTensors;
      const artifacts = await saved(model);
      await saved(model);
      expect(tf.memory().numTensors).to.equal(before);
      const again = await loaded(artifacts);
      expect(tf.memory().numTensors).to.equal(before + model.getWeights().length);
      await train(again, mlp, 3, 5);
      expect(tf.memory().numTensors).to.equal(before + model.getWeights().length);
      again.optimizer.dispose();
      again.dispose();
      expect(tf.memory().numTensors).to.equal(before);
      model.optimizer.dispose();
      model.dispose();
    });
  });
});

import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../../src/random.js';
import {augmented, type Augmentation} from '../../../src/tasks/augment/augmentation.js';
import {delayedGradients} from '../../../src/tasks/augment/delayed-gradients.js';
import {labelNoise} from '../../../src/tasks/augment/label-noise.js';
import {noisyGradients} from '../../../src/tasks/augment/noisy-gradients.js';
import {reducedBatch} from '../../../src/tasks/augment/reduced-batch.js';
import {reparametrised} from '../../../src/tasks/augment/reparametrised.js';
import {sometimes} from '../../../src/tasks/augment/sometimes.js';
import {taskGradients} from '../../../src/tasks/augment/task-gradients.js';
import {mlpClassificationFamily} from '../../../src/tasks/families/mlp-classification.js';
import {quadraticFamily} from '../../../src/tasks/families/quadratic.js';
import type {Task, TaskFamily} from '../../../src/tasks/task-family.js';
import {forEachBackend} from '../../support/backends.js';
import {disposeBatch, expectTrueGradients, fingerprint, lossesAt, nextBatch, readAll, type HostParams} from '../../support/task-checks.js';

const quadratics = quadraticFamily({dimension: 5, conditionNumber: 10});
const networks = mlpClassificationFamily({data: 'clusters', activation: 'tanh', depth: 1, width: 6, batchSize: 20, numExamples: 200, numFeatures: 4, numClasses: 3});

/** Gradients at the start on the first batch. */
function firstGradients<B>(task: Task<B>, step = 0): HostParams {
  const params = task.init(), batch = nextBatch(task.batches('train')), {loss, gradients} = taskGradients(task, params, batch, step);
  tf.dispose([loss, params]);
  disposeBatch(batch);
  return readAll(gradients);
}

const EVERY: Readonly<Record<string, Augmentation>> = {
  'reparametrised, global': reparametrised(),
  'reparametrised, tensor': reparametrised({level: 'tensor'}),
  'reparametrised, parameter': reparametrised({level: 'parameter'}),
  'reducedBatch': reducedBatch({share: [0.1, 0.5]}),
  'delayedGradients': delayedGradients({numSteps: 2}),
  'noisyGradients': noisyGradients({sigma: [0.1, 1]}),
  'labelNoise': labelNoise({share: 0.4}),
};

describe('every augmentation', () => {
  const all = {...EVERY, 'all of them': (<B>(family: TaskFamily<B>) => augmented(family, ...Object.values(EVERY)))};
  for (const [name, augment] of Object.entries(all)) {
    it(`${name}: the same generator gives the same task, bit for bit`, () => {
      const [first, again] = [0, 1].map(() => {
        const task = augment(networks).sample(new Random(6)), print = fingerprint(task);
        task.dispose?.();
        return print;
      });
      expect(again).to.deep.equal(first);
    });

    it(`${name}: changes the task, and only its own part of the generator's numbers`, () => {
      const plain = networks.sample(new Random(6)), changed = augment(networks).sample(new Random(6));
      const prints = [plain, changed].map(task => [fingerprint(task), [0, 1, 2].map(step => firstGradients(task, step))]);
      // A delay shows where parameters move only; the test below moves them.
      if (name !== 'delayedGradients') expect(prints[1]).to.not.deep.equal(prints[0]);
      changed.dispose?.();
    });

    it(`${name}: keeps no tensor over 100 evaluations, and none after dispose`, () => {
      const before = tf.memory().numTensors, task = augment(networks).sample(new Random(2)), params = task.init(), batches = task.batches('train');
      let held = 0;
      for (let step = 0; step < 100; step++) {
        const batch = nextBatch(batches);
        tf.dispose({...taskGradients(task, params, batch, step)});
        disposeBatch(batch);
        if (step === 10) held = tf.memory().numTensors;
      }
      expect(tf.memory().numTensors).to.equal(held);
      tf.dispose(params);
      task.dispose?.();
      expect(tf.memory().numTensors).to.equal(before);
    });

    it(`${name}: adds to the family's name`, () => {
      expect(augment(networks).name).to.match(/^mlp classification, ./);
    });
  }
});

describe('reparametrised', () => {
  forEachBackend(['cpu', 'wasm'], () => {
    for (const level of ['global', 'tensor', 'parameter'] as const) {
      it(`has the same losses at equivalent points, and gradients times the scale: ${level}`, () => {
        for (const family of [quadratics as TaskFamily, networks as TaskFamily]) {
          const plain = family.sample(new Random(3)), scaled = reparametrised({level})(family).sample(new Random(3));
          const p = plain.init(), q = scaled.init();
          const scales = tf.tidy(() => Object.fromEntries(Object.keys(p).map(name => [name, tf.keep(tf.div(p[name]!, q[name]!))])));
          lossesAt(scaled, q, 'validation', 3).forEach((loss, i) => expect(loss).to.be.closeTo(lossesAt(plain, p, 'validation', 3)[i]!, 1e-5 * loss + 1e-7));
          const g = firstGradients(plain), h = firstGradients(scaled);
          for (const name of Object.keys(g)) {
            scales[name]!.dataSync().forEach((s, i) => {
              // 0 / 0 where the start is 0.
              if (!Number.isNaN(s)) expect(h[name]![i]).to.be.closeTo(g[name]![i]! * s, 1e-4 * Math.abs(g[name]![i]! * s) + 1e-6 * s);
            });
          }
          const values = Object.values(scales).flatMap(tensor => [...tensor.dataSync()]).filter(Number.isFinite);
          expect(Math.min(...values)).to.be.at.least(0.999e-3);
          expect(Math.max(...values)).to.be.at.most(1001);
          const distinct = new Set(values.map(value => value.toPrecision(3))).size;
          expect(distinct === 1).to.equal(level === 'global' || (level === 'tensor' && family.name === 'quadratic'));
          tf.dispose([p, q, scales]);
          scaled.dispose?.();
          plain.dispose?.();
        }
      });
    }
  });

  it('has true gradients', () => {
    for (const level of ['global', 'tensor', 'parameter'] as const) expectTrueGradients(reparametrised({level, range: [0.3, 3]})(networks).sample(new Random(1)));
  });

  it('scales by the logarithm over the whole range', () => {
    const logs = Array.from({length: 200}, (_, seed) => {
      const plain = quadratics.sample(new Random(seed)), scaled = reparametrised()(quadratics).sample(new Random(seed));
      const [p, q] = [readAll(plain.init()).x![0]!, readAll(scaled.init()).x![0]!];
      plain.dispose?.();
      scaled.dispose?.();
      return Math.log10(p / q);
    });
    expect(Math.min(...logs)).to.be.within(-3.001, -2.8);
    expect(Math.max(...logs)).to.be.within(2.8, 3.001);
    expect(logs.reduce((sum, log) => sum + log / 200, 0)).to.be.closeTo(0, 0.4);
  });

  it('scales gradients that a task makes itself, as those of its loss', () => {
    for (const level of ['global', 'tensor', 'parameter'] as const) {
      const task = augmented(quadratics, noisyGradients({sigma: 0}), reparametrised({level, range: [0.1, 10]})).sample(new Random(2));
      expectTrueGradients(task);
      task.dispose?.();
    }
  });
});

describe('delayedGradients', () => {
  it('shows the gradient of some steps ago, and of step 0 until then', () => {
    const plain = quadratics.sample(new Random(1)), late = delayedGradients({numSteps: 2})(quadratics).sample(new Random(1));
    const points = [0, 1, 2, 3, 4].map(i => ({x: tf.fill([5], i)}));
    const read = (task: Task<undefined>, point: {x: tf.Tensor}, step: number): {loss: number; gradient: Float32Array} => {
      const {loss, gradients} = taskGradients(task, point, undefined, step), result = {loss: loss.dataSync()[0]!, gradient: readAll(gradients).x!};
      loss.dispose();
      return result;
    };
    const expected = points.map(point => read(plain, point, 0));
    for (let round = 0; round < 2; round++) {
      points.forEach((point, step) => {
        const {loss, gradient} = read(late, point, step);
        expect(loss).to.equal(expected[step]!.loss);
        expect(gradient).to.deep.equal(expected[Math.max(0, step - 2)]!.gradient);
      });
    }
    expect(() => read(late, points[0]!, 2)).to.throw('expected step 5 or 0').with.property('code', 'INVALID_ARGUMENT');
    tf.dispose(points);
    plain.dispose?.();
    late.dispose?.();
  });
});

describe('noisyGradients', () => {
  it('adds noise of the given size relative to each tensor, of mean 0, the same for the same step', () => {
    const family = noisyGradients({sigma: 0.5})(networks), task = family.sample(new Random(4)), clean = firstGradients(networks.sample(new Random(4)));
    const ratios: number[] = [];
    for (let step = 0; step < 60; step++) {
      const noisy = firstGradients(task, step), kernel = clean.kernel0!, rms = Math.sqrt(kernel.reduce((sum, x) => sum + x * x, 0) / kernel.length);
      ratios.push(...kernel.map((x, i) => (noisy.kernel0![i]! - x) / rms));
    }
    const mean = ratios.reduce((sum, x) => sum + x, 0) / ratios.length;
    expect(mean).to.be.closeTo(0, 0.05);
    expect(Math.sqrt(ratios.reduce((sum, x) => sum + x * x, 0) / ratios.length)).to.be.closeTo(0.5, 0.03);
    expect(firstGradients(task, 7)).to.deep.equal(firstGradients(task, 7));
    expect(firstGradients(task, 8)).to.not.deep.equal(firstGradients(task, 7));
  });

  it('leaves the loss as it is', () => {
    const params = networks.sample(new Random(4)).init();
    const [noisy, plain] = [noisyGradients({sigma: 1})(networks), networks].map(family => lossesAt(family.sample(new Random(4)), params, 'train', 3));
    expect(noisy).to.deep.equal(plain);
    tf.dispose(params);
  });
});

describe('reducedBatch', () => {
  it('keeps the first examples of training batches, and validation batches whole', () => {
    const plain = networks.sample(new Random(4)), reduced = reducedBatch({share: 0.25})(networks).sample(new Random(4));
    for (const [split, count] of [['train', 5], ['validation', 20]] as const) {
      const whole = nextBatch(plain.batches(split)), part = nextBatch(reduced.batches(split));
      expect([part.features.shape, part.targets.shape]).to.deep.equal([[count, 4], [count, 3]]);
      expect(part.features.dataSync()).to.deep.equal(whole.features.dataSync().slice(0, count * 4));
      expect(part.targets.dataSync()).to.deep.equal(whole.targets.dataSync().slice(0, count * 3));
      disposeBatch([whole, part]);
    }
  });

  it('keeps one example at least', () => {
    const batch = nextBatch(reducedBatch({share: 0.001})(networks).sample(new Random(4)).batches('train'));
    expect(batch.features.shape[0]).to.equal(1);
    disposeBatch(batch);
  });

  it('says that batches without examples cannot be reduced', () => {
    const task = reducedBatch({share: 0.5})(quadratics).sample(new Random(0));
    expect(() => nextBatch(task.batches('train'))).to.throw("from 'quadratic'").with.property('code', 'INVALID_ARGUMENT');
    task.dispose?.();
  });
});

describe('labelNoise', () => {
  const labelsOf = (task: ReturnType<typeof networks.sample>, split: 'train' | 'validation'): number[] => {
    const batches = task.batches(split);
    return Array.from({length: 40}, () => {
      const batch = nextBatch(batches), labels = tf.tidy(() => [...tf.argMax(batch.targets, 1).dataSync()]);
      disposeBatch(batch);
      return labels;
    }).flat();
  };

  it('changes the share of labels that a new one of all classes changes, in training data only', () => {
    const plain = networks.sample(new Random(4)), noisy = labelNoise({share: 0.6})(networks).sample(new Random(4));
    const before = labelsOf(plain, 'train'), after = labelsOf(noisy, 'train');
    const changed = after.filter((label, i) => label !== before[i]).length / after.length;
    expect(changed).to.be.closeTo(0.4, 0.1);
    expect(labelsOf(noisy, 'validation')).to.deep.equal(labelsOf(plain, 'validation'));
    expect(labelsOf(labelNoise({share: 1, splits: ['validation']})(networks).sample(new Random(4)), 'train')).to.deep.equal(before);
  });

  it('gives an example the same wrong label in every batch', () => {
    const task = labelNoise({share: 0.5})(networks).sample(new Random(4)), batches = task.batches('train'), labels = new Map<string, string>();
    for (let i = 0; i < 60; i++) {
      const batch = nextBatch(batches), features = batch.features.dataSync(), targets = batch.targets.dataSync();
      for (let row = 0; row < 20; row++) {
        const key = features.slice(row * 4, row * 4 + 4).join(), label = targets.slice(row * 3, row * 3 + 3).join();
        expect(labels.get(key) ?? label).to.equal(label);
        labels.set(key, label);
      }
      disposeBatch(batch);
    }
    expect(labels.size).to.be.below(201);
  });

  it('says which family has no labels, and frees its task', () => {
    const before = tf.memory().numTensors;
    expect(() => labelNoise({share: 0.5})(quadratics).sample(new Random(0))).to.throw("'quadratic'").with.property('code', 'INVALID_ARGUMENT');
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('reaches labels through other augmentations, in any order', () => {
    const mild = {level: 'parameter', range: [0.3, 3]} as const;
    const inner = augmented(networks, labelNoise({share: 0.6}), reparametrised(mild)).sample(new Random(4));
    const outer = augmented(networks, reparametrised(mild), labelNoise({share: 0.6})).sample(new Random(4));
    const before = labelsOf(networks.sample(new Random(4)), 'train');
    for (const task of [inner, outer]) {
      expect(labelsOf(task, 'train')).to.not.deep.equal(before);
      expectTrueGradients(task);
      task.dispose?.();
    }
  });
});

describe('sometimes', () => {
  it('augments about the given share of the tasks', () => {
    const family = sometimes(0.3, noisyGradients({sigma: 1}))(networks);
    const share = Array.from({length: 200}, (_, seed) => Number(family.sample(new Random(seed)).gradients !== undefined)).reduce((a, b) => a + b) / 200;
    expect(share).to.be.closeTo(0.3, 0.1);
  });
});

describe('augmentations of tasks that are classes', () => {
  it('call members on the task itself', () => {
    class Own implements Task<undefined> {
      readonly #target = 3;
      init(): tf.NamedTensorMap {
        return {x: tf.tensor1d([1, 0, 2, -1])};
      }
      loss({x}: tf.NamedTensorMap): tf.Scalar {
        return tf.sum(tf.square(tf.sub(x!, this.#target)));
      }
      *batches(): Iterator<undefined> {
        for (;;) yield undefined;
      }
    }
    const task = augmented({name: 'own', sample: () => new Own()}, noisyGradients({sigma: 0}), delayedGradients({numSteps: 0}), reparametrised({range: [0.1, 10]})).sample(new Random(0));
    expectTrueGradients(task);
    task.dispose?.();
  });
});

describe('bad options of augmentations', () => {
  it('are named', () => {
    const wrong: [(options: never) => unknown, object, string][] = [
      [reparametrised, {level: 'layer'}, 'level'], [reparametrised, {range: [0, 1]}, 'range'], [reparametrised, {range: 3}, 'range'],
      [reducedBatch, {share: 0}, 'share'], [reducedBatch, {share: 2}, 'share'], [reducedBatch, {}, 'share'],
      [delayedGradients, {numSteps: -1}, 'numSteps'], [delayedGradients, {numSteps: 1.5}, 'numSteps'], [delayedGradients, {numSteps: [0, 2]}, 'numSteps'],
      [noisyGradients, {sigma: -1}, 'sigma'], [noisyGradients, {sigma: NaN}, 'sigma'], [noisyGradients, {sigma: [0, 1]}, 'sigma'],
      [labelNoise, {share: 1.1}, 'share'], [labelNoise, {share: 0.1, splits: ['test']}, 'splits'],
    ];
    for (const [factory, options, name] of wrong) {
      expect(() => factory(options as never)).to.throw(`${factory.name}: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
    expect(() => sometimes(2, reparametrised())).to.throw('sometimes: share must be').with.property('code', 'INVALID_ARGUMENT');
    expect(() => noisyGradients({sigma: 1, sigm: 2} as never)).to.throw("Did you mean 'sigma'?").with.property('code', 'UNKNOWN_OPTION');
    expect(() => delayedGradients(undefined as never)).to.throw('options must be').with.property('code', 'INVALID_ARGUMENT');
  });
});

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {imitationWeight, Teacher} from '../../src/meta/imitation.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import {Random} from '../../src/random.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {slopes} from './families/slopes.js';
import {RUN} from './run-options.js';

const SIZE = 6;
const gradientsOf = (seed: number, count: number): Float32Array[] => Array.from({length: count}, (_, i) => new Random(seed).fork(i).normals(SIZE));

describe('the teacher', () => {
  it('makes the steps of tf.train.adam', () => {
    const adam = tf.train.adam(0.03), teacher = new Teacher(SIZE, 0.03), variable = tf.variable(tf.zeros([SIZE]), true, 'teacher_test');
    for (const gradient of gradientsOf(1, 5)) {
      const before = variable.dataSync().slice(), tensor = tf.tensor1d(gradient);
      adam.applyGradients([{name: variable.name, tensor}]);
      tensor.dispose();
      const change = Float32Array.from(variable.dataSync(), (x, i) => x - before[i]!);
      expect(teacher.compare(gradient, change).distance).to.be.below(1e-8);
    }
    adam.dispose();
    variable.dispose();
  });

  it('is at distance 1 of no step, and says by its slope which way is nearer', () => {
    const [gradient] = gradientsOf(2, 1), step = new Float32Array(SIZE), {distance, slope} = new Teacher(SIZE, 0.01).compare(gradient!, step);
    expect(distance).to.be.closeTo(1, 1e-6);
    const moved = slope.map(s => -1e-9 * s), closer = new Teacher(SIZE, 0.01).compare(gradient!, moved).distance;
    expect((closer - distance) / -1e-9).to.be.closeTo(slope.reduce((sum, s) => sum + s * s, 0), 1e-2 * slope.reduce((sum, s) => sum + s * s, 0));
    expect(new Teacher(SIZE, 0.01).compare(new Float32Array(SIZE), step).distance).to.equal(0);
  });

  it('is never farther than 1e6, wherever a run has gone', () => {
    for (const step of [1e10, Infinity, NaN]) expect(new Teacher(1, 0.01).compare(Float32Array.of(1), Float32Array.of(step)).distance).to.equal(1e6);
  });

  it('goes on from its state', () => {
    const gradients = gradientsOf(3, 6), one = new Teacher(SIZE, 0.01), other = new Teacher(SIZE, 0.01), step = new Float32Array(SIZE);
    gradients.slice(0, 3).forEach(g => one.compare(g, step));
    other.restore(one.snapshot());
    for (const g of gradients.slice(3)) expect(other.compare(g, step).slope.slice()).to.deep.equal(one.compare(g, step).slope.slice());
  });

  it('has a weight that falls to 0 and stays there', () => {
    const imitation = {weight: 2, over: 0.5, teacherLearningRate: 0.01};
    expect([0, 0.25, 0.5, 0.9].map(progress => imitationWeight(imitation, progress))).to.deep.equal([2, 1, 0, 0]);
    expect(imitationWeight(undefined, 0)).to.equal(0);
  });
});

describe('metaFit with imitation', () => {
  /** A loss that cannot change: nothing but imitation moves theta. Its gradients are those of a bowl. */
  const still: TaskFamily = {
    name: 'still',
    sample(random) {
      const curvature = random.normals(4).map(Math.exp), start = random.normals(4);
      return {
        init: () => ({x: tf.tensor1d(start.slice())}),
        loss: ({x}) => tf.add(1, tf.mul(0, tf.sum(x!))),
        gradients: ({x}) => ({loss: tf.scalar(1), gradients: {x: tf.tidy(() => tf.mul(x!, tf.tensor1d(curvature.slice())))}}),
        *batches() {
          for (;;) yield 0;
        },
      };
    },
  };
  const options = {...RUN, tasks: still, rule: 'lstm-dm', numPairs: 4, windowSteps: 10, horizons: [10, 10], validateEvery: 1000, numHeldOut: 1} as const;

  it('alone makes an untrained lstm-dm approach Adam\'s steps, by bptt', async () => {
    const {history} = await metaFit({...options, estimator: 'bptt', numPairs: 2, windowSteps: 5, horizons: [5, 5], numOuterSteps: 40, learningRate: 1e-2, imitation: {weight: 1e3, over: 1}});
    // The rest of the objective is the constant log(1 + 0.001).
    const distances = history.slice(1).map((h, k) => (h.metaLoss! - Math.log(1.001)) / (1e3 * (1 - k / 40)));
    expect(distances[0]).to.be.above(0.9);
    expect(distances.slice(-10).reduce((a, b) => a + b, 0) / 10).to.be.below(0.5);
  });

  it('adds the same distance by value in evolution strategies, and none once its weight is 0', async () => {
    const run = async (estimator: 'nres' | 'bptt'): Promise<number[]> => {
      const {history} = await metaFit({...options, estimator, numOuterSteps: 4, learningRate: 1e-9, imitation: {weight: 1e3, over: 0.5}, ...(estimator === 'nres' && {sigma: 1e-4})});
      return history.slice(1).map(h => h.metaLoss! - Math.log(1.001));
    };
    const byValue = await run('nres'), byGradient = await run('bptt');
    byValue.slice(0, 2).forEach((x, i) => expect(x).to.be.closeTo(byGradient[i]!, 0.02 * x).and.above(100));
    for (const x of [...byValue.slice(2), ...byGradient.slice(2)]) expect(x).to.be.closeTo(0, 1e-6);
  });

  it('gives the same theta with and without workers, and when it goes on', async () => {
    const run = {...RUN, rule: 'rnnprop', numOuterSteps: 6, imitation: {weight: 0.1, over: 1}} as const;
    const local = await metaFit({...run, tasks: slopes}), workers = await metaFit({...run, tasks: new URL('./families/slopes.ts', import.meta.url), workers: 2});
    expect(workers.theta.hash).to.equal(local.theta.hash);
    expect(workers.history).to.deep.equal(local.history);
  });
});

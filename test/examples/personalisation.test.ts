import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {bestAccuracy, fewestSteps, stepRatio, stepsTo, TOLERANCE} from '../../examples/personalisation/compare.js';
import users from '../../examples/personalisation/family.js';
import {figure} from '../../examples/personalisation/figure.js';
import {measure, PLAN} from '../../examples/personalisation/measure.js';
import {HORIZON, metaTrain} from '../../examples/personalisation/meta-train.js';
import {drawUser, NUM_TRAIN, rewrite} from '../../examples/personalisation/users.js';
import {Random} from '../../src/index.js';
import {elementsOf} from '../report/well-formed.js';

const upright = {rotation: 0, slant: 0, stroke: 0};

/** An image with one bright pixel. */
function dot(x: number, y: number): Float32Array {
  const image = new Float32Array(64);
  image[8 * y + x] = 1;
  return image;
}

describe('examples/personalisation: users', () => {
  it('rewrite images by rotation, slant and stroke width', () => {
    const image = new Random(1).normals(64);
    expect(rewrite(image, upright)).to.deep.equal(image);
    const turned = rewrite(dot(5, 3), {...upright, rotation: Math.PI / 2});
    expect(turned[8 * 5 + 4]).to.be.closeTo(1, 1e-6);
    const slanted = rewrite(dot(3, 0), {...upright, slant: 2 / 7});
    expect(slanted[4]).to.be.closeTo(1, 1e-6);
    expect(rewrite(dot(3, 3), {...upright, stroke: 0.5})[8 * 3 + 4]).to.be.closeTo(0.5, 1e-6);
    expect(rewrite(dot(3, 3), {...upright, stroke: -0.5})[8 * 3 + 3]).to.be.closeTo(0.5, 1e-6);
  });

  it('are the same for the same seed, with a label order of their own and images apart for training and test', () => {
    const user = drawUser(new Random(4), 'unseen');
    expect(drawUser(new Random(4), 'unseen')).to.deep.equal(user);
    expect([...user.hand.labels].sort((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(drawUser(new Random(5), 'unseen').hand.labels).to.not.deep.equal(user.hand.labels);
    expect([user.train.numExamples, user.test.numExamples]).to.deep.equal([NUM_TRAIN, 550]);
    expect(drawUser(new Random(4), 'meta-training', 20).test.numExamples).to.equal(20);
  });
});

describe('examples/personalisation: comparison', () => {
  const ramp = (slope: number): number[] => Array.from({length: 21}, (_, look) => Math.min(0.8, slope * look));
  const adam = [ramp(0.04), ramp(0.04), ramp(0.04)], fast = [ramp(0.2), ramp(0.2), ramp(0.2)];

  it('counts steps to an accuracy of the mean curve', () => {
    expect(stepsTo(adam, 0.8)).to.equal(100);
    expect(stepsTo(adam, 0.81)).to.equal(Infinity);
    expect(bestAccuracy(adam)).to.be.closeTo(0.8, 1e-12);
    expect(fewestSteps([{setting: 1, curves: adam}, {setting: 2, curves: fast}]).setting).to.equal(2);
  });

  it('gives the ratio of steps to Adam’s best with an interval, and 0 where it is never reached', () => {
    const {ratio, steps, adamSteps, target} = stepRatio(adam, fast);
    expect(target).to.be.closeTo(0.8 - TOLERANCE, 1e-12);
    expect({ratio, steps, adamSteps}).to.deep.equal({ratio: {mean: 5, low: 5, high: 5}, steps: 20, adamSteps: 100});
    expect(stepRatio(fast, adam.map(curve => curve.slice(0, 4))).ratio).to.deep.equal({mean: 0, low: 0, high: 0});
  });
});

describe('examples/personalisation, in a shorter form', () => {
  it('gets to what Adam reaches in fewer steps, and frees all tensors', async function () {
    this.timeout(180_000);
    const before = tf.memory().numTensors;
    const result = await metaTrain({numOuterSteps: 20});
    expect(result.best.heldOut).to.be.below(result.history[0]!.heldOut!);
    const {lines, tuning, fineTuning} = measure(result.theta, () => undefined, {
      ...PLAN, numUsers: 4, numTuningUsers: 1, adamRates: [5e-3, 1e-2], adamSteps: 150, shippedSteps: 20,
      fineTuning: {...PLAN.fineTuning, rates: [1e-2], steps: 20, numPretrainingUsers: 5, pretrainingSteps: 50},
    });
    expect(lines.map(({id}) => id)).to.deep.equal(['meta-trained', 'shipped', 'adam', 'fine-tuning']);
    expect([tuning.length, fineTuning.length]).to.deep.equal([2, 2]);
    const [mine, , adam] = lines;
    expect(mine!.numSteps).to.equal(HORIZON);
    expect(stepRatio(adam!.curves, mine!.curves).ratio.mean).to.be.above(1.5);
    expect(elementsOf(figure(lines))[0]).to.equal('svg');
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('has a family whose tasks run in the compiled engine, and start alike each time', () => {
    const [a, b] = [users.sample(new Random(9)).init(), users.sample(new Random(9)).init()];
    expect(Object.keys(a)).to.deep.equal(['kernel0', 'bias0', 'kernel1', 'bias1']);
    expect(a.kernel0!.dataSync()).to.deep.equal(b.kernel0!.dataSync());
    tf.dispose([a, b]);
  });
});

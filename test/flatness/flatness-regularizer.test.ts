import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {flatnessTerm} from '../../src/flatness/create-term.js';
import {FlatnessRegularizer} from '../../src/flatness/flatness-regularizer.js';
import type {FlatnessRegularizerOptions} from '../../src/flatness/flatness-regularizer-options.js';
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import type {FlatnessMeasure} from '../../src/flatness/measure-options.js';
import {QuickRandom} from '../../src/flatness/training/quick-random.js';
import {checkRegularizer} from '../../src/meta/check-extras.js';
import {OptionChecks} from '../../src/option-checks.js';
import {learnedOptimizer} from '../../src/optimizer/learned-optimizer.js';
import {Random} from '../../src/random.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {makeData, makeModel, seeded, SHARP, train, weightsOf} from './regularized-model.js';

const MEASURES: readonly FlatnessMeasure[] = [
  {measure: 'sharpness'}, {measure: 'sharpness', over: 'mean', scaling: 'plain', radius: 0.5, samples: 8}, {measure: 'localEntropy', gamma: 20, scaling: 'filter'}, {measure: 'localEntropy', gamma: 4, steps: 2, samples: 16},
  {measure: 'hessianNorm', samples: 4}, {measure: 'hessianNorm', norm: 'frobenius', scaling: 'plain'}, {measure: 'hessianTrace'}, {measure: 'hessianTrace', penalty: 'absolute', scaling: 'plain'},
];
const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1), momentum: () => tf.train.momentum(0.1, 0.9), adagrad: () => tf.train.adagrad(0.1), adadelta: () => tf.train.adadelta(1), adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01), rmsprop: () => tf.train.rmsprop(0.01), learned: () => learnedOptimizer({numSteps: 20}),
};

/** Each of TF.js's and of our optimizers with another measure. */
const LONG_RUNS: ReadonlyArray<readonly [string, () => tf.Optimizer, FlatnessMeasure]> = [
  ['adam, sharpness', () => tf.train.adam(), {measure: 'sharpness'}],
  ['learned, localEntropy', () => learnedOptimizer(), {measure: 'localEntropy', gamma: 4, samples: 2}],
  ['sgd, hessianNorm', () => tf.train.sgd(0.01), {measure: 'hessianNorm', samples: 4}],
  ['learned, hessianTrace', () => learnedOptimizer(), {measure: 'hessianTrace', samples: 2}],
];

describe('FlatnessRegularizer', () => {
  describe('adds', () => {
    for (const measure of MEASURES) {
      it(`strength times the gradient of the penalty, for ${JSON.stringify(measure)}`, () => {
        const random = new Random(3), a = tf.variable(tf.tensor2d(random.normals(6), [2, 3])), b = tf.variable(tf.tensor1d(random.normals(3)));
        const f = (): tf.Scalar => tf.mean(tf.square(tf.add(tf.tanh(tf.matMul(tf.tensor2d([[1, 2], [-1, 0.5]]), a as tf.Tensor2D)), b)));
        const variables: tf.Variable[] = [a, b], plain = tf.variableGrads(f, variables);
        const point = (at: Float32Array): tf.Variable[] => [tf.variable(tf.tensor2d(at.slice(0, 6), [2, 3])), tf.variable(tf.tensor1d(at.slice(6)))];
        const probe: LossProbe = {
          shapes: [[2, 3], [3]], parameters: () => Float32Array.from([...a.dataSync(), ...b.dataSync()]),
          loss: at => probe.gradient(at).loss,
          gradient: at => {
            const old = variables.map(v => v.clone());
            point(at).forEach((p, i) => variables[i]!.assign(p));
            const {value, grads} = tf.variableGrads(f, variables);
            old.forEach((o, i) => variables[i]!.assign(o));
            return {loss: value.dataSync()[0]!, gradient: Float32Array.from([...grads[a.name]!.dataSync(), ...grads[b.name]!.dataSync()])};
          },
        };
        const expected = flatnessTerm({...measure, strength: 0.5}).gradient(probe, new QuickRandom(new Random(9).fork(0).seed));
        const optimizer = new FlatnessRegularizer({...measure, strength: 0.5, seed: 9}).wrap(tf.train.sgd(1));
        const {value, grads} = optimizer.computeGradients(f, variables);
        expect(value.dataSync()[0]).to.equal(plain.value.dataSync()[0]);
        const difference = variables.flatMap(({name}) => Array.from(grads[name]!.dataSync(), (g, i) => g - plain.grads[name]!.dataSync()[i]!));
        difference.forEach((d, i) => expect(d).to.be.closeTo(expected.gradient[i]!, 1e-5 * Math.max(1, ...expected.gradient.map(Math.abs))));
        expect(expected.gradient.some(g => Math.abs(g) > 1e-4)).to.equal(true);
        tf.disposeVariables();
      });
    }

    it('what makes the gradient that of sharpness-aware minimization, computed by hand', () => {
      // f = w⁴ at 1, radius ½: gradient 4 · 1.5³ = 13.5.
      const w = tf.variable(tf.scalar(1)), flat = new FlatnessRegularizer({...SHARP, radius: 0.5, scaling: 'plain'}), optimizer = flat.wrap(tf.train.sgd(0.01));
      optimizer.minimize(() => tf.pow(w, 4), false, [w]);
      expect(w.dataSync()[0]).to.be.closeTo(1 - 0.135, 1e-6);
      expect(flat.lastReport).to.deep.equal({value: 1.5 ** 4 - 1, numSamples: 1, numDropped: 0});
      w.dispose();
    });
  });

  forEachBackend(BACKENDS, () => {
    for (const [name, make] of Object.entries(OPTIMIZERS)) {
      it(`leaves no trace beside its gradient with ${name}: at strength 10⁻³⁰ a fit is bit by bit that without it`, async () => {
        const plain = await train(make()), regularized = await train(make(), new FlatnessRegularizer({measure: 'sharpness', strength: 1e-30}));
        const {flatness, flatnessDropped, ...history} = regularized.history;
        expect(history).to.deep.equal(plain.history);
        expect(regularized.weights).to.deep.equal(plain.weights);
        expect(flatness!.every(value => value > 0)).to.equal(true);
        expect(flatnessDropped).to.deep.equal([0, 0]);
      });
    }

    it('changes training at strength 1, the same way each time', async () => {
      const options = {measure: 'localEntropy', strength: 1, gamma: 4, samples: 4} as const;
      const [plain, one, two] = [await train(tf.train.adam(0.01)), await train(tf.train.adam(0.01), new FlatnessRegularizer(options)), await train(tf.train.adam(0.01), new FlatnessRegularizer(options))];
      expect(one.weights).to.not.deep.equal(plain.weights);
      expect(two).to.deep.equal(one);
    });

    it('gives trainOnBatch the numbers that it has without it', async () => {
      const run = async (wrap: boolean): Promise<unknown> => {
        const {x, y} = makeData(), optimizer = tf.train.sgd(0), model = makeModel(optimizer);
        if (wrap) new FlatnessRegularizer(SHARP).wrap(optimizer, model);
        return [await seeded(() => model.trainOnBatch(x, y)), weightsOf(model)];
      };
      expect(await run(true)).to.deep.equal(await run(false));
    });

    for (const [what, make, measure] of LONG_RUNS) {
      it(`leaves no more tensors after 1,000 steps than training without it: ${what}`, async () => {
        const x = tf.ones([100, 2]), y = tf.ones([100, 1]);
        const model = sequential({layers: [layers.dense({units: 1, inputShape: [2]})]}), flat = new FlatnessRegularizer({...measure, strength: 0.1});
        model.compile({optimizer: make(), loss: 'meanSquaredError', metrics: ['mae']});
        const fit = (epochs: number, callbacks?: FlatnessRegularizer): Promise<unknown> => model.fit(x, y, {epochs, batchSize: 1, verbose: 0, ...(callbacks !== undefined && {callbacks})});
        await fit(1);
        const before = tf.memory();
        await fit(1, flat);
        const few = tf.memory();
        await fit(9, flat);
        expect(tf.memory().numTensors).to.equal(before.numTensors);
        expect(few.numTensors).to.equal(before.numTensors);
        expect(tf.memory().numDataBuffers).to.equal(before.numDataBuffers);
        model.optimizer.dispose();
        model.dispose();
        tf.dispose([x, y]);
      }).timeout(120_000);
    }
  });

  describe('checks its options:', () => {
    const cases: Readonly<Record<string, unknown>> = {
      'no options': undefined, 'no strength': {measure: 'sharpness'}, 'a negative strength': {...SHARP, strength: -1}, 'a NaN strength': {...SHARP, strength: NaN},
      'a radius of 0': {...SHARP, radius: 0}, 'gamma 0': {measure: 'localEntropy', strength: 1, gamma: 0}, 'a ramp of gamma down to 0': {measure: 'localEntropy', strength: 1, gamma: {from: 1, to: 0, steps: 5}},
      'gamma of a measure that has none': {...SHARP, gamma: {from: 1, to: 2, steps: 5}}, 'an odd number of samples': {measure: 'localEntropy', strength: 1, samples: 3}, 'no samples': {measure: 'hessianTrace', strength: 1, samples: 0},
      'every 0': {...SHARP, every: 0}, 'half a warmup': {...SHARP, warmup: 0.5}, 'a negative seed': {...SHARP, seed: -1}, 'an unknown measure': {measure: 'flatness', strength: 1}, 'a misspelt option': {...SHARP, warmUp: 1},
    };
    for (const [what, options] of Object.entries(cases)) {
      it(`refuses ${what}`, () => {
        expect(() => new FlatnessRegularizer(options as FlatnessRegularizerOptions)).to.throw(L2OError, 'FlatnessRegularizer: ');
      });
    }
  });

  describe('and its options', () => {
    it('round-trip by getConfig and fromConfig, through JSON', async () => {
      const flat = new FlatnessRegularizer({measure: 'localEntropy', strength: {from: 0, to: 1, steps: 4}, gamma: {from: 10, to: 100, steps: 3}, every: 2, warmup: 1, seed: 4, samples: 4, scaling: 'filter'});
      const copy = FlatnessRegularizer.fromConfig(JSON.parse(JSON.stringify(flat.getConfig())) as FlatnessRegularizerOptions);
      expect(copy.getConfig()).to.deep.equal(flat.getConfig());
      expect(await train(tf.train.adam(0.01), copy)).to.deep.equal(await train(tf.train.adam(0.01), flat));
    });

    it('cannot be saved where a schedule is a function', () => {
      expect(() => new FlatnessRegularizer({...SHARP, strength: step => step}).getConfig()).to.throw(L2OError, 'strength');
    });

    it('may be schedules: a ramp is what a function of the same values is', async () => {
      const ramp = await train(tf.train.adam(0.01), new FlatnessRegularizer({...SHARP, strength: {from: 0, to: 2, steps: 4}}));
      expect(await train(tf.train.adam(0.01), new FlatnessRegularizer({...SHARP, strength: step => Math.min(step, 4) / 2}))).to.deep.equal(ramp);
      expect(await train(tf.train.adam(0.01), new FlatnessRegularizer({...SHARP, strength: 2}))).to.not.deep.equal(ramp);
    });

    it('may be schedules: gamma too', async () => {
      const options = {measure: 'localEntropy', strength: 1, samples: 2} as const;
      const ramp = await train(tf.train.adam(0.01), new FlatnessRegularizer({...options, gamma: {from: 10, to: 100, steps: 3}}));
      expect(await train(tf.train.adam(0.01), new FlatnessRegularizer({...options, gamma: step => 10 + 90 * Math.min(1, step / 3)}))).to.deep.equal(ramp);
      for (const gamma of [10, 100]) expect(await train(tf.train.adam(0.01), new FlatnessRegularizer({...options, gamma}))).to.not.deep.equal(ramp);
    });

    it('make a term of metaFit\'s objective, unless they change in training', () => {
      const {config} = new FlatnessRegularizer({measure: 'localEntropy', strength: 0.5}).term();
      expect(config).to.deep.equal(flatnessTerm({measure: 'localEntropy', strength: 0.5}).config);
      expect(checkRegularizer(new OptionChecks('metaFit'), new FlatnessRegularizer(SHARP), undefined, true)!.term.config).to.deep.equal(flatnessTerm(SHARP).config);
      expect(() => new FlatnessRegularizer({...SHARP, strength: {from: 0, to: 1, steps: 2}}).term()).to.throw(L2OError, 'strength');
      expect(() => new FlatnessRegularizer({...SHARP, every: 2}).term()).to.throw(L2OError, 'regularizeAt');
    });
  });
});

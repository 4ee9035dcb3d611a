import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type Callback, type LayersModel, type Sequential} from '@tensorflow/tfjs-layers';
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

const SHARP: FlatnessRegularizerOptions = {measure: 'sharpness', strength: 1};
const MEASURES: readonly FlatnessMeasure[] = [
  {measure: 'sharpness'}, {measure: 'sharpness', over: 'mean', scaling: 'plain', radius: 0.5, samples: 8}, {measure: 'localEntropy', gamma: 20, scaling: 'filter'}, {measure: 'localEntropy', gamma: 4, steps: 2, samples: 16},
  {measure: 'hessianNorm', samples: 4}, {measure: 'hessianNorm', norm: 'frobenius', scaling: 'plain'}, {measure: 'hessianTrace'}, {measure: 'hessianTrace', penalty: 'absolute', scaling: 'plain'},
];
const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1), momentum: () => tf.train.momentum(0.1, 0.9), adagrad: () => tf.train.adagrad(0.1), adadelta: () => tf.train.adadelta(1), adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01), rmsprop: () => tf.train.rmsprop(0.01), learned: () => learnedOptimizer({numSteps: 20}),
};

/** A net with everything whose second evaluation could leave a trace. */
function makeModel(optimizer: tf.Optimizer, metrics: string[] = ['accuracy']): Sequential {
  const model = sequential({layers: [
    layers.dense({units: 6, activation: 'tanh', inputShape: [4]}), layers.batchNormalization(), layers.dropout({rate: 0.4}), layers.dense({units: 3, activation: 'softmax'}),
  ]}), random = new Random(5);
  model.setWeights(model.getWeights().map(w => tf.tensor(random.normals(w.size, 0.5).map(v => (w.rank === 1 ? Math.abs(v) + 0.1 : v)), w.shape)));
  model.compile({optimizer, loss: 'categoricalCrossentropy', metrics});
  return model;
}

function makeData(numExamples = 24): {x: tf.Tensor2D; y: tf.Tensor2D} {
  const random = new Random(7);
  const targets = Array.from({length: numExamples}, () => random.integer(3)).flatMap(label => [0, 1, 2].map(c => Number(c === label)));
  return {x: tf.tensor2d(random.normals(numExamples * 4), [numExamples, 4]), y: tf.tensor2d(targets, [numExamples, 3])};
}

const weightsOf = (model: LayersModel): number[][] => model.getWeights().map(w => Array.from(w.dataSync()));

/** What `f` does with TF.js's shuffles and masks drawn from a seed. */
async function seeded<T>(f: () => Promise<T>, seed = 11): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(Math, 'random')!, random = new Random(seed);
  Object.defineProperty(Math, 'random', {...own, value: () => random.uniform()});
  try {
    return await f();
  } finally {
    Object.defineProperty(Math, 'random', own);
  }
}

/** Weights and history after a short fit. */
async function train(optimizer: tf.Optimizer, callbacks?: FlatnessRegularizer, epochs = 2): Promise<{weights: number[][]; history: Record<string, number[]>}> {
  const model = makeModel(optimizer), {x, y} = makeData();
  const {history} = await seeded(() => model.fit(x, y, {epochs, batchSize: 8, verbose: 0, ...(callbacks !== undefined && {callbacks})}));
  const weights = weightsOf(model);
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
  return {weights, history: history as Record<string, number[]>};
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => expect.fail('Nothing was thrown.'), (error: unknown) => error);
}

/** A callback that runs `f` at the end of each batch. */
function atBatchEnd(f: (batch: number, logs: Record<string, unknown>, model: LayersModel) => void | Promise<void>): Callback {
  const callback = new FlatnessRegularizer({...SHARP, strength: 0});
  let model: unknown;
  callback.setModel = given => { model = given; };
  callback.onTrainBegin = (): Promise<void> => Promise.resolve();
  callback.onEpochEnd = (): Promise<void> => Promise.resolve();
  callback.onBatchEnd = async (batch, logs) => f(batch, logs as Record<string, unknown>, model as LayersModel);
  return callback;
}

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

    it('leaves no more tensors after 1,000 steps than training without it', async () => {
      const x = tf.ones([100, 2]), y = tf.ones([100, 1]);
      const model = sequential({layers: [layers.dense({units: 1, inputShape: [2]})]}), flat = new FlatnessRegularizer({measure: 'sharpness', strength: 0.1});
      model.compile({optimizer: tf.train.adam(), loss: 'meanSquaredError', metrics: ['mae']});
      const fit = (epochs: number, callbacks?: FlatnessRegularizer): Promise<unknown> => model.fit(x, y, {epochs, batchSize: 1, verbose: 0, ...(callbacks !== undefined && {callbacks})});
      await fit(1);
      const before = tf.memory();
      await fit(1, flat);
      const few = tf.memory();
      await fit(9, flat);
      expect(tf.memory().numTensors).to.equal(before.numTensors);
      expect(few.numTensors).to.equal(before.numTensors);
      expect(tf.memory().numDataBuffers).to.equal(before.numDataBuffers);
    }).timeout(120_000);
  });

  describe('as callback', () => {
    it('works with fitDataset', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01));
      let left = 3;
      const dataset = {iterator: () => Promise.resolve({next: () => Promise.resolve(left-- > 0 ? {done: false, value: {xs: x.clone(), ys: y.clone()}} : {done: true, value: null})})};
      const {history} = await model.fitDataset(dataset as unknown as Parameters<LayersModel['fitDataset']>[0], {epochs: 1, verbose: 0, callbacks: new FlatnessRegularizer(SHARP)});
      expect(history.flatness).to.have.lengthOf(1);
      expect(history.flatness![0]).to.be.greaterThan(0);
    });

    it('logs each regularized step and the epoch\'s mean, after warmup and every second step', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01)), seen: unknown[] = [];
      const flat = new FlatnessRegularizer({...SHARP, warmup: 4, every: 2});
      const {history} = await model.fit(x, y, {epochs: 3, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd((_, logs) => void seen.push(logs.flatness))]});
      expect(seen.map(value => typeof value)).to.deep.equal(['undefined', 'undefined', 'undefined', 'undefined', 'number', 'undefined', 'number', 'undefined', 'number']);
      expect(history.flatness![0]).to.be.NaN;
      expect(history.flatness![1]).to.equal(seen[4]);
      expect(history.flatness![2]).to.be.closeTo((Number(seen[6]) + Number(seen[8])) / 2, 1e-9);
    });

    it('counts steps on in a second fit of the same model', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam(0.01)), flat = new FlatnessRegularizer({...SHARP, warmup: 3});
      const fit = async (): Promise<number> => (await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: flat})).history.flatness![0] as number;
      expect(await fit()).to.be.NaN;
      expect(await fit()).to.be.greaterThan(0);
    });

    it('restores the optimizer at the end, and where fit is stopped', async () => {
      const {x, y} = makeData(), optimizer = tf.train.adam(0.01), model = makeModel(optimizer);
      await model.fit(x, y, {epochs: 1, verbose: 0, callbacks: new FlatnessRegularizer(SHARP)});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      await model.fit(x, y, {epochs: 5, batchSize: 8, verbose: 0, callbacks: [new FlatnessRegularizer(SHARP), atBatchEnd((_batch, _logs, trained) => { trained.stopTraining = true; })]});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    });

    it('restores the optimizer by itself at the next use after a fit that threw', async () => {
      const {x, y} = makeData(), optimizer = tf.train.sgd(0.1), model = makeModel(optimizer), flat = new FlatnessRegularizer(SHARP);
      const broken = (): Promise<unknown> => model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd(() => { throw new Error('mine'); })]});
      expect(await failure(broken())).to.have.property('message', 'mine');
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(true);
      await model.trainOnBatch(x, y);
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      // Nor does a fit that was not meant to be regularized find it.
      await failure(broken());
      const report = flat.lastReport;
      await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0});
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
      expect(flat.lastReport).to.equal(report);
      await failure(broken());
      const {history} = await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: flat});
      expect(history.flatness![0]).to.be.greaterThan(0);
      expect(Object.hasOwn(optimizer, 'computeGradients')).to.equal(false);
    });

    it('cannot be part of two fits at once; the first goes on', async () => {
      const {x, y} = makeData(), first = makeModel(tf.train.adam(0.01)), second = makeModel(tf.train.adam(0.01)), flat = new FlatnessRegularizer(SHARP);
      let error: unknown;
      const {history} = await first.fit(x, y, {epochs: 2, batchSize: 8, verbose: 0, callbacks: [flat, atBatchEnd(async batch => {
        if (batch === 1) error ??= await failure(second.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat}));
      })]});
      expect(error).to.be.instanceOf(L2OError).with.property('message').that.includes('one fit at a time');
      expect(history.flatness!.every(value => Number(value) > 0)).to.equal(true);
      expect(await failure(first.fit(x, y, {epochs: 1, verbose: 0, callbacks: [flat, flat]}))).to.be.instanceOf(L2OError);
    });

    it('refuses an optimizer that is wrapped already', async () => {
      const {x, y} = makeData(), flat = new FlatnessRegularizer(SHARP), optimizer = flat.wrap(tf.train.adam()), model = makeModel(optimizer);
      expect(await failure(model.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat}))).to.be.instanceOf(L2OError).with.property('message').that.includes('not regularized yet');
      flat.unwrap(optimizer);
      await model.fit(x, y, {epochs: 1, verbose: 0, callbacks: flat});
    });

    it('lets the optimizer be used for other variables meanwhile', async () => {
      const {x, y} = makeData(), optimizer = tf.train.sgd(0.1), model = makeModel(optimizer), w = tf.variable(tf.scalar(1));
      await model.fit(x, y, {epochs: 1, batchSize: 8, verbose: 0, callbacks: [new FlatnessRegularizer(SHARP), atBatchEnd(() => void optimizer.minimize(() => tf.square(w), false, [w]))]});
      expect(w.dataSync()[0]).to.be.closeTo(0.8 ** 3, 1e-6);
      w.dispose();
    });

    it('refuses a model that is not compiled, and a stateful one', async () => {
      const flat = new FlatnessRegularizer(SHARP);
      flat.setModel(sequential({layers: [layers.dense({units: 1, inputShape: [1]})]}));
      expect(await failure(flat.onTrainBegin())).to.be.instanceOf(L2OError).with.property('message').that.includes('compiled');
      const model = sequential({layers: [layers.simpleRNN({units: 2, stateful: true, batchInputShape: [4, 3, 1], recurrentInitializer: 'glorotNormal'})]});
      model.compile({optimizer: 'sgd', loss: 'meanSquaredError'});
      const x = tf.ones([4, 3, 1]), y = tf.ones([4, 2]);
      expect(await failure(model.fit(x, y, {batchSize: 4, verbose: 0, callbacks: flat}))).to.be.instanceOf(L2OError).with.property('message').that.includes('stateful');
    });

    it('says so where TF.js takes it for a plain object', async () => {
      const {x, y} = makeData(), model = makeModel(tf.train.adam());
      expect(await failure(model.fit(x, y, {verbose: 0, callbacks: [{}, new FlatnessRegularizer(SHARP)] as never}))).to.be.instanceOf(L2OError).with.property('code', 'ENVIRONMENT');
    });
  });

  describe('wrapped around an optimizer', () => {
    it('restores normalisation statistics also where it does not know the model', () => {
      const mean = tf.variable(tf.scalar(0), false), w = tf.variable(tf.scalar(1)), optimizer = new FlatnessRegularizer(SHARP).wrap(tf.train.sgd(0.01));
      optimizer.minimize(() => tf.tidy(() => {
        mean.assign(tf.add(mean, 1));
        return tf.square(w);
      }), false, [w]);
      expect(mean.dataSync()[0]).to.equal(1);
      tf.dispose([mean, w]);
    });

    it('gives all passes of a step the same random numbers', () => {
      const w = tf.variable(tf.scalar(1)), flat = new FlatnessRegularizer({...SHARP, radius: 0.5, scaling: 'plain'}), drawn: number[] = [];
      const draw = Object.getOwnPropertyDescriptor(Math, 'random')!;
      flat.wrap(tf.train.sgd(0.01)).minimize(() => {
        const value = (Object.getOwnPropertyDescriptor(Math, 'random')!.value as () => number)();
        drawn.push(value);
        return tf.mul(w, value);
      }, false, [w]);
      expect(drawn).to.have.lengthOf(2);
      expect(drawn[1]).to.equal(drawn[0]);
      expect(Object.getOwnPropertyDescriptor(Math, 'random')).to.deep.equal(draw);
      w.dispose();
    });

    it('asks for the model where trainOnBatch would return its metrics several times', async () => {
      const {x, y} = makeData(), model = makeModel(new FlatnessRegularizer(SHARP).wrap(tf.train.sgd(0.1))), before = weightsOf(model).slice(0, 4);
      expect(await failure(model.trainOnBatch(x, y))).to.be.instanceOf(L2OError).with.property('message').that.includes('wrap(optimizer, model)');
      expect(weightsOf(model).slice(0, 4)).to.deep.equal(before);
    });

    it('refuses what is no optimizer', () => {
      expect(() => new FlatnessRegularizer(SHARP).wrap(undefined as never)).to.throw(L2OError, 'wrap expects an optimizer');
    });

    it('minimizes over all variables where none are given', () => {
      const w = tf.variable(tf.scalar(1)), optimizer = new FlatnessRegularizer({...SHARP, radius: 0.5, scaling: 'plain'}).wrap(tf.train.sgd(0.01));
      optimizer.minimize(() => tf.square(w));
      expect(w.dataSync()[0]).to.be.closeTo(1 - 0.03, 1e-6);
      w.dispose();
    });
  });

  describe('where something fails', () => {
    /** The loss of w is not finite where `bad` says so. */
    const setUp = (options: FlatnessRegularizerOptions, bad: (w: number) => boolean): {w: tf.Variable<tf.Rank.R1>; flat: FlatnessRegularizer; step: () => void} => {
      const w = tf.variable(tf.tensor1d([1, -0.1])), flat = new FlatnessRegularizer(options), optimizer = flat.wrap(tf.train.sgd(0.01));
      return {w, flat, step: () => void optimizer.minimize(() => (bad(w.dataSync()[0]!) ? tf.mul(NaN, tf.sum<tf.Scalar>(w)) : tf.sum<tf.Scalar>(tf.square(w))), false, [w])};
    };

    it('drops and counts samples that are not finite', () => {
      let calls = 0;
      const {w, flat, step} = setUp({measure: 'localEntropy', strength: 1, samples: 8}, () => ++calls === 3);
      step();
      expect(flat.lastReport).to.include({numSamples: 8, numDropped: 1});
      expect(flat.lastReport!.value).to.be.greaterThan(0);
      expect(Array.from(w.dataSync()).every(Number.isFinite)).to.equal(true);
      w.dispose();
    });

    it('throws where all are dropped, with the weights as before, bit by bit', () => {
      const {w, step} = setUp({measure: 'localEntropy', strength: 1, samples: 4}, value => value !== 1), before = tf.memory().numTensors;
      expect(step).to.throw(L2OError, '4 of 4 not finite').with.property('code', 'NON_FINITE');
      expect(Array.from(w.dataSync())).to.deep.equal(Array.from(Float32Array.of(1, -0.1)));
      expect(tf.memory().numTensors).to.equal(before);
      w.dispose();
    });

    it('leaves a loss that is not finite at the weights themselves to the optimizer', () => {
      const {w, flat, step} = setUp(SHARP, () => true);
      step();
      expect(flat.lastReport).to.equal(undefined);
      expect(w.dataSync()[0]).to.be.NaN;
      w.dispose();
    });

    it('restores the weights bit by bit where a pass throws', () => {
      const w = tf.variable(tf.tensor1d([1, -0.1])), optimizer = new FlatnessRegularizer({measure: 'hessianTrace', strength: 1}).wrap(tf.train.sgd(0.01)), before = tf.memory().numTensors;
      let calls = 0;
      expect(() => optimizer.minimize(() => {
        if (++calls === 3) throw new Error('mine');
        return tf.sum<tf.Scalar>(tf.square(w));
      }, false, [w])).to.throw('mine');
      expect(Array.from(w.dataSync())).to.deep.equal(Array.from(Float32Array.of(1, -0.1)));
      expect(tf.memory().numTensors).to.equal(before);
      w.dispose();
    });
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

    it('make a term of metaFit\'s objective, unless they change in training', () => {
      const {config} = new FlatnessRegularizer({measure: 'localEntropy', strength: 0.5}).term();
      expect(config).to.deep.equal(flatnessTerm({measure: 'localEntropy', strength: 0.5}).config);
      expect(checkRegularizer(new OptionChecks('metaFit'), new FlatnessRegularizer(SHARP), undefined, true)!.term.config).to.deep.equal(flatnessTerm(SHARP).config);
      expect(() => new FlatnessRegularizer({...SHARP, strength: {from: 0, to: 1, steps: 2}}).term()).to.throw(L2OError, 'strength');
      expect(() => new FlatnessRegularizer({...SHARP, every: 2}).term()).to.throw(L2OError, 'regularizeAt');
    });
  });
});

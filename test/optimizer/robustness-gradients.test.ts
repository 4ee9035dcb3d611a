import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {networkFamily} from '../../src/evaluation/tasks/network-family.js';
import {NUM_SYMBOLS, sampleText} from '../../src/evaluation/tasks/sequence-data.js';
import {tiedEmbeddingNetwork} from '../../src/evaluation/tasks/tied-embedding.js';
import {learnedOptimizer} from '../../src/index.js';
import {registerWasmTrainingKernels} from '../../src/kernel/wasm-training.js';
import {Random} from '../../src/random.js';
import type {LabelledData} from '../../src/tasks/digits.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {ADAM, meanDescent, shipped} from './robustness.js';

type Matrix = tf.Variable<tf.Rank.R2>;
type Step = (optimizer: tf.Optimizer, loss: () => tf.Scalar) => void;

/** Loss of a small network on a teacher's answers after 100 steps on `scale` times that loss, over the one before the first. */
function descentAtScale(scale: number, make: () => tf.Optimizer, step: Step): number {
  const random = new Random(5), draw = (rows: number, columns: number): tf.Tensor2D =>
    tf.tensor2d(random.normals(rows * columns, rows ** -0.5), [rows, columns]);
  const [x, y, ...initial] = tf.tidy(() => {
    const inputs = tf.mul<tf.Tensor2D>(draw(64, 6), 8);
    return [inputs, tf.tanh(tf.matMul(inputs, draw(6, 3))), draw(6, 8), tf.zeros([8]), draw(8, 3), tf.zeros([3])];
  }) as [tf.Tensor2D, tf.Tensor2D, ...tf.Tensor[]];
  const variables = initial.map(t => tf.variable(t)), [w1, b1, w2, b2] = variables as [Matrix, tf.Variable, Matrix, tf.Variable];
  const loss = (): tf.Scalar => tf.tidy(() => tf.mean(tf.squaredDifference(tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(x, w1), b1)), w2), b2), y)));
  const optimizer = make(), value = (): number => tf.tidy(() => loss().dataSync()[0]!), first = value();
  for (let k = 0; k < 100; k++) step(optimizer, () => tf.tidy(() => tf.mul(loss(), scale)));
  const last = value();
  optimizer.dispose();
  tf.dispose([x, y, ...initial, ...variables]);
  return last / first;
}

/** The ways into an optimizer: with the loss, and without it. */
const STEPS: Readonly<Record<string, Step>> = {
  'the loss': (optimizer, loss) => void optimizer.minimize(loss),
  'gradients alone': (optimizer, loss) => {
    const {value, grads} = tf.variableGrads(loss);
    optimizer.applyGradients(grads);
    tf.dispose([value, grads] as tf.TensorContainer);
  },
};

/** Bags of three of 200 words, frequent ones and rare ones, of which the last fifty never occur; words vote for one of three classes. */
function sampleBags(numExamples: number, random: Random): LabelledData {
  const numFeatures = 200, numWords = 150, numClasses = 3, features = new Float32Array(numExamples * numFeatures), labels = new Int32Array(numExamples);
  for (let i = 0; i < numExamples; i++) {
    const votes = [0, 0, 0];
    for (let k = 0; k < 3; k++) {
      const word = Math.floor(random.logUniform(1, numWords + 1)) - 1;
      features[i * numFeatures + word]! += 1;
      votes[word % numClasses]!++;
    }
    labels[i] = votes.indexOf(Math.max(...votes));
  }
  return {features, labels, numExamples, numFeatures, numClasses};
}

const NUM_ROWS = 30, NUM_SEEN = 20, EMBEDDED = 4;

/** Classifies pairs of symbols by their vectors. */
function embeddingModel(optimizer: tf.Optimizer): LayersModel {
  const random = new Random(3), model = sequential({layers: [
    layers.embedding({inputDim: NUM_ROWS, outputDim: EMBEDDED, inputLength: 2}), layers.flatten(), layers.dense({units: 2, activation: 'softmax'}),
  ]});
  const weights = model.getWeights().map(({shape, size}) => tf.tensor(random.normals(size, 0.5), shape));
  model.setWeights(weights);
  tf.dispose(weights);
  model.compile({optimizer, loss: 'categoricalCrossentropy'});
  return model;
}

/** Losses of steps on pairs of the first {@link NUM_SEEN} symbols: does the first one stand higher in some order? */
async function trainEmbedding(model: LayersModel, steps: number): Promise<number[]> {
  const random = new Random(4), losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    const pairs = Array.from({length: 16}, () => [random.integer(NUM_SEEN), random.integer(NUM_SEEN)] as const);
    const x = tf.tensor2d(pairs.map(pair => [...pair])), y = tf.tensor2d(pairs.map(([a, b]) => ((7 * a) % NUM_SEEN > (7 * b) % NUM_SEEN ? [1, 0] : [0, 1])));
    losses.push(await model.trainOnBatch(x, y) as number);
    tf.dispose([x, y]);
  }
  return losses;
}

describe('the shipped theta', () => {
  forEachBackend(['cpu', 'wasm'], () => {
    for (const [title, step] of Object.entries(STEPS)) {
      it(`makes the same of ${title} at any scale from 1e-6 to 1e6`, () => {
        const before = tf.memory().numTensors, ours = (scale: number): number => descentAtScale(scale, () => learnedOptimizer({numSteps: 100}), step);
        const plain = ours(1);
        expect(plain).to.be.below(0.2);
        for (const scale of [1e-6, 1e-3, 1e3, 1e6]) expect(ours(scale) / plain, `scale ${scale}`).to.be.within(0.75, 1.35);
        expect(tf.memory().numTensors).to.equal(before);
      });
    }

    it('which default Adam does not', () => {
      const adam = (scale: number): number => descentAtScale(scale, () => tf.train.adam(), STEPS['the loss']!);
      expect(adam(1e-6) / adam(1)).to.be.above(1.35);
    });
  });

  it('learns from sparse gradients no less than default Adam', () => {
    const random = new Random(8), data = {train: sampleBags(600, random), validation: sampleBags(100, random)}, STEPS_MADE = 400;
    for (const [depth, batchSize] of [[0, 4], [0, 32], [1, 4], [1, 32]] as const) {
      const family = mlpClassificationFamily({data, depth, width: 16, activation: 'relu', initialization: 'glorotUniform', batchSize});
      for (const horizon of [STEPS_MADE, 0]) {
        expect(meanDescent(shipped(horizon), family, STEPS_MADE, 50), `depth ${depth}, batch ${batchSize}, told ${horizon}`)
          .to.be.at.most(Math.min(0.9, meanDescent(ADAM, family, STEPS_MADE, 50)));
      }
    }
  });

  it('learns weights that serve twice no less than default Adam', () => {
    const data = (random: Random): ReturnType<typeof sampleText> => sampleText(random, 6), steps = 60;
    const family = networkFamily({name: 'tied', data, network: tiedEmbeddingNetwork(NUM_SYMBOLS), loss: 'softmaxCrossEntropy', batchSize: 8});
    expect(meanDescent(shipped(steps), family, steps)).to.be.at.most(Math.min(0.9, meanDescent(ADAM, family, steps)));
  });

  forEachBackend(BACKENDS, backend => {
    if (backend === 'wasm') before(() => void registerWasmTrainingKernels());

    it('leaves the rows of an embedding that get no gradient exactly where they are, and learns the others', async () => {
      const optimizer = learnedOptimizer({numSteps: 200}), model = embeddingModel(optimizer), table = model.getWeights()[0]!;
      const initial = table.dataSync<'float32'>().slice(), losses = await trainEmbedding(model, 200);
      const final = model.getWeights()[0]!.dataSync<'float32'>().slice(), seen = NUM_SEEN * EMBEDDED;
      expect(final.slice(seen)).to.deep.equal(initial.slice(seen));
      expect(final.slice(0, seen).every((x, i) => x !== initial[i])).to.be.true;
      expect(losses.slice(-20).reduce((sum, x) => sum + x, 0) / 20).to.be.below(0.5 * losses[0]!);
      optimizer.dispose();
      model.dispose();
    });
  });
});

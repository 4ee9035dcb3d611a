import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {registerWasmTrainingKernels} from '../../src/kernel/wasm-training.js';
import {learnedOptimizer} from '../../src/optimizer/learned-optimizer.js';
import {Random} from '../../src/random.js';
import {useBackend} from '../support/backends.js';

type Compute = (tensor: (shape: number[]) => tf.Tensor) => tf.Tensor[];

/** Runs `compute` on a backend with seeded inputs (negative ones among them) and returns its values. */
async function on(backend: 'cpu' | 'wasm', compute: Compute): Promise<Float32Array[]> {
  await useBackend(backend);
  const random = new Random(5);
  return tf.tidy(() => compute(shape => tf.tensor(random.normals(tf.util.sizeFromShape(shape)), shape)).map(t => t.dataSync<'float32'>().slice()));
}

async function expectSame(compute: Compute): Promise<void> {
  const [cpu, wasm] = [await on('cpu', compute), await on('wasm', compute)];
  cpu.forEach((expected, i) => {
    const scale = Math.max(1e-6, ...expected.map(Math.abs));
    expect(wasm[i]!.length).to.equal(expected.length);
    for (let k = 0; k < expected.length; k++) expect(Math.abs(wasm[i]![k]! - expected[k]!) / scale, `value ${k} of result ${i}`).to.be.below(1e-5);
  });
}

/** Gradients of the sum of squares of f with respect to all inputs. */
const gradients = (f: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: tf.Tensor[]): tf.Tensor[] =>
  tf.grads((...xs) => tf.sum(tf.square(f(...xs))))(inputs);

describe('registerWasmTrainingKernels', function () {
  this.timeout(120_000);
  before(async () => {
    await useBackend('wasm');
    registerWasmTrainingKernels();
  });
  after(() => useBackend('cpu'));

  const convolutions: Array<[string, number[], number[], [number, number] | number, 'same' | 'valid' | number]> = [
    ['3×3, stride 1, same', [2, 7, 6, 3], [3, 3, 3, 5], 1, 'same'],
    ['3×3, stride 2, same', [2, 7, 6, 4], [3, 3, 4, 8], 2, 'same'],
    ['5×3, strides 2 and 1, valid', [1, 9, 8, 5], [5, 3, 5, 13], [2, 1], 'valid'],
    ['1×1', [3, 4, 5, 7], [1, 1, 7, 9], 1, 'valid'],
    ['4×4, stride 3, padded by 2', [2, 8, 8, 1], [4, 4, 1, 1], 3, 2],
    ['a filter larger than the image', [1, 2, 2, 2], [5, 5, 2, 4], 1, 'same'],
  ];
  for (const [title, x, filter, strides, pad] of convolutions) {
    it(`gives conv2d's gradients as cpu does: ${title}`, () =>
      expectSame(t => gradients((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad), t(x), t(filter))));
  }

  const depthwise: Array<[string, number[], number[], number, number, 'same' | 'valid']> = [
    ['multiplier 1', [2, 6, 7, 5], [3, 3, 5, 1], 1, 1, 'same'],
    ['multiplier 3, stride 2', [2, 7, 7, 2], [3, 3, 2, 3], 2, 1, 'valid'],
    ['eight channels', [1, 5, 5, 8], [2, 3, 8, 1], 1, 1, 'same'],
  ];
  for (const [title, x, filter, strides, dilations, pad] of depthwise) {
    it(`gives depthwiseConv2d's gradients as cpu does: ${title}`, () =>
      expectSame(t => gradients((a, b) => tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad, 'NHWC', dilations), t(x), t(filter))));
  }

  for (const [title, shape, size, strides, pad] of [
    ['2×2', [2, 6, 6, 3], 2, 2, 'valid'], ['3×3, overlapping, same', [1, 7, 5, 4], 3, 2, 'same'],
  ] as const) {
    it(`gives maxPool's gradient as cpu does, windows without a positive value included: ${title}`, () =>
      expectSame(t => gradients(a => tf.maxPool(a as tf.Tensor4D, size, strides, pad), tf.sub(t([...shape]), 3))));
  }

  it("gives gather's gradient as cpu does, repeated and unused rows included", () =>
    expectSame(t => gradients(a => tf.gather(a, tf.tensor1d([3, 0, 3, 3, 6], 'int32')), t([8, 5]))));

  it('leaves out segments that are none', async () => {
    const [sums] = await on('wasm', t => [tf.unsortedSegmentSum(t([4, 2]), tf.tensor1d([1, -1, 7, 1], 'int32'), 3)]);
    expect([...sums!.slice(0, 2), ...sums!.slice(4)]).to.deep.equal([0, 0, 0, 0]);
  });

  it('sums no rows to zeros, whatever was in memory', async () => {
    await useBackend('wasm');
    for (let k = 0; k < 5; k++) {
      // Sevens, that the next result may lie on.
      tf.fill([10], 7).dispose();
      const sum = tf.unsortedSegmentSum(tf.zeros([0, 2]), tf.tensor1d([], 'int32'), 5);
      expect([...sum.dataSync()]).to.deep.equal(new Array<number>(10).fill(0));
      sum.dispose();
    }
    await useBackend('cpu');
  });

  it('sums segments of integers as cpu does', async () => {
    const sums = (): number[] => tf.tidy(() => {
      const sum = tf.unsortedSegmentSum(tf.tensor2d([[1, 2], [3, 4], [5, -6], [7, 8]], [4, 2], 'int32'), tf.tensor1d([2, 0, 2, -1], 'int32'), 3);
      return [...sum.dataSync()];
    });
    await useBackend('cpu');
    const expected = sums();
    await useBackend('wasm');
    expect(sums()).to.deep.equal(expected).and.deep.equal([3, 4, 0, 0, 6, -4]);
    await useBackend('cpu');
  });

  it('trains a conv net on wasm as cpu does, and leaves no tensor behind', async () => {
    const train = async (backend: 'cpu' | 'wasm'): Promise<number[]> => {
      await useBackend(backend);
      const before = tf.memory().numTensors, seed = (s: number): {kernelInitializer: ReturnType<typeof layers.initializers.glorotUniform>} => ({kernelInitializer: layers.initializers.glorotUniform({seed: s})});
      const model = layers.sequential({layers: [
        layers.layers.conv2d({filters: 4, kernelSize: 3, activation: 'tanh', inputShape: [8, 8, 1], ...seed(1)}),
        layers.layers.maxPooling2d({poolSize: 2}),
        layers.layers.flatten(), layers.layers.dense({units: 3, activation: 'softmax', ...seed(2)}),
      ]});
      model.compile({optimizer: learnedOptimizer({numSteps: 10}), loss: 'categoricalCrossentropy'});
      const random = new Random(1), x = tf.tensor4d(random.normals(12 * 64), [12, 8, 8, 1]), y = tf.oneHot(tf.tensor1d(Array.from({length: 12}, (_, i) => i % 3), 'int32'), 3);
      const losses: number[] = [];
      for (let i = 0; i < 10; i++) losses.push(await model.trainOnBatch(x, y) as number);
      model.optimizer.dispose();
      model.dispose();
      tf.dispose([x, y]);
      expect(tf.memory().numTensors - before).to.be.at.most(1); // oneHot's indices
      return losses;
    };
    const [cpu, wasm] = [await train('cpu'), await train('wasm')];
    cpu.forEach((loss, i) => expect(wasm[i]).to.be.closeTo(loss, 1e-3));
    expect(wasm[9]).to.be.below(0.7 * wasm[0]!);
  });

  it('trains an embedding on wasm', async () => {
    await useBackend('wasm');
    const model = layers.sequential({layers: [
      layers.layers.embedding({inputDim: 20, outputDim: 4, inputLength: 3, embeddingsInitializer: layers.initializers.randomNormal({seed: 5})}),
      layers.layers.flatten(), layers.layers.dense({units: 1, kernelInitializer: layers.initializers.glorotUniform({seed: 6})}),
    ]});
    model.compile({optimizer: learnedOptimizer({numSteps: 30}), loss: 'meanSquaredError'});
    const x = tf.tensor2d([[1, 2, 3], [3, 3, 1]]), y = tf.tensor2d([[1], [0]]), losses: number[] = [];
    for (let i = 0; i < 30; i++) losses.push(await model.trainOnBatch(x, y) as number);
    expect(losses[29]).to.be.below(0.1 * losses[0]!);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });

  it('does nothing the second time', () => {
    expect(registerWasmTrainingKernels()).to.deep.equal([]);
  });
});

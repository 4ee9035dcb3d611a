import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {disableHigherOrderGradients, enableHigherOrderGradients, hasHigherOrderGradients} from '../../src/flatness/higher-order-gradients.js';
import {modelProbe} from '../../src/flatness/model-probe.js';
import {dot, norm} from '../../src/flatness/vectors.js';
import {registerWasmTrainingKernels} from '../../src/kernel/wasm-training.js';
import {Random} from '../../src/random.js';
import {forEachBackend} from '../support/backends.js';
import {MODEL_CASES, OP_CASES, type OpCase} from './second-order-cases.js';

const STEP = 1e-3;

function flat(tensors: readonly tf.Tensor[]): Float32Array {
  return Float32Array.from(tensors.flatMap(t => Array.from(t.dataSync())));
}

function splitBy(vector: Float32Array, shapes: readonly number[][]): tf.Tensor[] {
  let start = 0;
  return shapes.map(shape => {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(vector.slice(start, start += size), shape);
  });
}

function sizeOf({shapes}: OpCase): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

function gradientAt(op: OpCase, at: Float32Array): Float32Array {
  return tf.tidy(() => flat(tf.grads((...ws: tf.Tensor[]) => op.loss(ws))(splitBy(at, op.shapes))));
}

function hessianVector(op: OpCase, at: Float32Array, vector: Float32Array): Float32Array {
  return tf.tidy(() => {
    const directions = splitBy(vector, op.shapes);
    const slope = (...ws: tf.Tensor[]): tf.Scalar => tf.addN(tf.grads((...inner: tf.Tensor[]) => op.loss(inner))(ws).map((g, i) => tf.sum<tf.Scalar>(tf.mul(g, directions[i]!))));
    return flat(tf.grads(slope)(splitBy(at, op.shapes)));
  });
}

/** That products are the differences of first-order gradients, and the Hessian symmetric. */
function expectHessian(size: number, at: Float32Array, gradient: (at: Float32Array) => Float32Array, product: (v: Float32Array) => Float32Array): void {
  const random = new Random(9), u = random.normals(size), v = random.normals(size), exact = product(v);
  const [plus, minus] = [STEP, -STEP].map(step => gradient(at.map((a, i) => a + step * v[i]!)));
  const differences = plus!.map((p, i) => (p - minus![i]!) / (2 * STEP)), scale = norm(differences);
  expect(scale, 'some curvature').to.be.above(1e-3);
  expect(norm(exact.map((e, i) => e - differences[i]!)) / scale, 'off the differences').to.be.below(0.01);
  expect(Math.abs(dot(u, exact) - dot(v, product(u))) / (scale * norm(u)), 'asymmetry').to.be.below(1e-4);
}

describe('enableHigherOrderGradients', () => {
  afterEach(() => disableHigherOrderGradients());

  forEachBackend(['cpu', 'wasm', 'node'], backend => {
    for (const op of OP_CASES) {
      it(`makes the Hessian of ${op.name} right`, () => {
        if (backend === 'wasm') registerWasmTrainingKernels();
        enableHigherOrderGradients();
        const size = sizeOf(op), at = new Random(5).normals(size, 0.6);
        const {numTensors} = tf.memory();
        expectHessian(size, at, point => gradientAt(op, point), v => hessianVector(op, at, v));
        expect(tf.memory().numTensors).to.equal(numTensors);
      });
    }
    for (const modelCase of MODEL_CASES) {
      it(`makes the Hessian of a Layers model right: ${modelCase.name}`, () => {
        if (backend === 'wasm') registerWasmTrainingKernels();
        enableHigherOrderGradients();
        const {model, x, y} = modelCase.make(), probe = modelProbe('test', model, x, y, {batchSize: 4, exact: true}), at = probe.parameters();
        const {numTensors} = tf.memory();
        expectHessian(at.length, at, point => probe.gradient(point).gradient, v => probe.hessianVector!(at, v));
        expect(tf.memory().numTensors).to.equal(numTensors);
        tf.dispose([x, y]);
        model.dispose();
      });
    }
  });

  it('is needed: without it TF.js is wrong or throws', () => {
    const isWrong = (name: string): boolean => {
      const op = OP_CASES.find(candidate => candidate.name === name)!, size = sizeOf(op);
      try {
        const at = new Random(5).normals(size, 0.6);
        expectHessian(size, at, point => gradientAt(op, point), v => hessianVector(op, at, v));
        return false;
      } catch {
        return true;
      }
    };
    expect(['tanh', 'softmax cross-entropy', 'elu', 'huber loss', 'conv2d', 'maxPool'].filter(name => !isWrong(name))).to.deep.equal([]);
  });

  it('leaves first-order gradients as they are, to the bit, save that a path through a comparison is no error any more', () => {
    const all = (): Map<string, Float32Array> => new Map(OP_CASES.flatMap(op => {
      try {
        return [[op.name, gradientAt(op, new Random(6).normals(sizeOf(op), 0.6))] as const];
      } catch {
        return [];
      }
    }));
    const before = all();
    expect(OP_CASES.filter(({name}) => !before.has(name)).map(({name}) => name)).to.deep.equal(['where']);
    enableHigherOrderGradients();
    const repaired = all();
    expect(repaired.has('where')).to.equal(true);
    before.forEach((gradient, name) => expect(repaired.get(name), name).to.deep.equal(gradient));
    disableHigherOrderGradients();
    expect(all()).to.deep.equal(before);
  });

  it('gives third derivatives too', () => {
    enableHigherOrderGradients();
    tf.tidy(() => {
      const third = tf.grad(a => tf.grad(b => tf.grad(c => tf.tanh(c))(b))(a)), t = Math.tanh(0.4);
      expect(third(tf.scalar(0.4)).dataSync()[0]).to.be.closeTo((6 * t * t - 2) * (1 - t * t), 1e-5);
    });
  });

  it('repairs custom gradients made afterwards that save their insides', () => {
    enableHigherOrderGradients();
    const cube = tf.customGrad((x, save) => {
      const squared = tf.square(x as tf.Tensor);
      (save as tf.GradSaveFunc)([squared]);
      return {value: tf.mul(squared, x as tf.Tensor), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(3, saved[0]!))};
    });
    const second = tf.grad(x => tf.grad(z => cube(tf.mul(z, 1)))(x)), {numTensors} = tf.memory();
    tf.tidy(() => {
      expect(second(tf.scalar(2)).dataSync()[0]).to.equal(12);
      expect(tf.grad(cube)(tf.scalar(2)).dataSync()[0]).to.equal(12);
    });
    expect(tf.memory().numTensors).to.equal(numTensors);
  });

  it('does nothing the second time, and is undone in full', () => {
    const engine = tf.engine(), own = Object.keys(engine).length;
    expect(hasHigherOrderGradients()).to.equal(false);
    enableHigherOrderGradients();
    const wrapped = Object.getOwnPropertyDescriptor(engine, 'addTapeNode')?.value as unknown;
    enableHigherOrderGradients();
    expect(Object.getOwnPropertyDescriptor(engine, 'addTapeNode')?.value).to.equal(wrapped);
    expect(hasHigherOrderGradients()).to.equal(true);
    disableHigherOrderGradients();
    disableHigherOrderGradients();
    expect(hasHigherOrderGradients()).to.equal(false);
    expect(Object.keys(engine)).to.have.length(own);
    expect(tf.getGradient(tf.Conv2DBackpropFilter)).to.equal(undefined);
  });
});

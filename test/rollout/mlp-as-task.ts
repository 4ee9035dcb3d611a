import * as tf from '@tensorflow/tfjs-core';
import type {MlpTask} from '../../src/tasks/mlp-task.js';
import type {Task} from '../../src/tasks/task-family.js';

/** The engine's counter-based generator (kernel/mlp.h). */
function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

const ACTIVATIONS: Readonly<Record<MlpTask['activation'], (x: tf.Tensor) => tf.Tensor>> = {
  relu: tf.relu, tanh: tf.tanh, sigmoid: tf.sigmoid, elu: tf.elu, leakyRelu: x => tf.leakyRelu(x, 0.2), softplus: tf.softplus,
};

/** A task of the compiled engine in tf ops: the same parameters, batches and loss. Batches are indices. */
export function mlpAsTask(mlp: MlpTask, seed: number): Task<Int32Array> {
  const {sizes, features, labels, targets, numExamples, numValidation = 0, batchSize, initialParams, scales} = mlp;
  const shapes = sizes.slice(1).flatMap((out, l) => [[`kernel${l}`, [sizes[l]!, out]], [`bias${l}`, [out]]] as Array<[string, number[]]>);
  const split = (values: Float32Array): tf.NamedTensorMap => {
    let at = 0;
    return Object.fromEntries(shapes.map(([name, shape]) => [name, tf.tensor(values.slice(at, at += tf.util.sizeFromShape(shape)), shape)]));
  };
  const gather = (data: Float32Array, width: number, index: Int32Array): tf.Tensor2D => {
    const rows = new Float32Array(index.length * width);
    index.forEach((example, b) => rows.set(data.subarray(example * width, (example + 1) * width), b * width));
    return tf.tensor2d(rows, [index.length, width]);
  };
  return {
    init: () => split(initialParams),
    loss(params, index) {
      const scale = split(scales), outputs = sizes.at(-1)!;
      let h: tf.Tensor = gather(features, sizes[0]!, index);
      for (let l = 0; l + 1 < sizes.length; l++) {
        const kernel = tf.mul(params[`kernel${l}`]!, scale[`kernel${l}`]!), bias = tf.mul(params[`bias${l}`]!, scale[`bias${l}`]!);
        h = tf.add(tf.matMul(h as tf.Tensor2D, kernel as tf.Tensor2D), bias);
        if (l + 2 < sizes.length) h = ACTIVATIONS[mlp.activation](h);
      }
      if (mlp.loss === 'meanSquaredError') return tf.mean(tf.squaredDifference(h, gather(targets!, outputs, index)));
      const right = tf.oneHot(tf.tensor1d(index.map(i => labels![i]!), 'int32'), outputs);
      return tf.losses.softmaxCrossEntropy(right, h);
    },
    *batches(part) {
      for (let step = 0; ; step++) {
        const key = mix32(seed ^ Math.imul(0x9e3779b9, step + 1));
        yield part === 'train'
          ? Int32Array.from({length: batchSize}, (_, b) => mix32(key + Math.imul(b, 0x85ebca6b)) % numExamples)
          : Int32Array.from({length: numValidation}, (_, b) => numExamples + b);
      }
    },
  };
}

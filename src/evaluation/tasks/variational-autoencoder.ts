import * as tf from '@tensorflow/tfjs-core';
import {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';
import {withCompiledForm, type CompiledSplit} from '../../tasks/compiled-problem.js';
import {batchRows} from '../../tasks/families/shared/minibatches.js';
import {kernel, toTensors, zeros, type InitialParameter} from '../../tasks/families/shared/parameters.js';
import type {DataSplits} from '../../tasks/families/shared/supervised-task.js';
import type {Split, TaskFamily} from '../../tasks/task-family.js';
import {activateAs, dense} from './layers.js';
import {NetworkProgram} from './network-program.js';

/** Sizes of a {@link variationalAutoencoderFamily}. */
export interface VariationalAutoencoderOptions {
  /** Images with pixels from 0 to 1. */
  readonly data: DataSplits<LabelledData>;
  readonly hidden: number;
  readonly codeSize: number;
  readonly batchSize: number;
}

/** Images and the noise of their codes; the caller disposes both. */
export interface VariationalBatch {
  /** `[batch, pixels]`. */
  readonly images: tf.Tensor2D;
  /** `[batch, codeSize]`, standard normal, the same at each reading. */
  readonly noise: tf.Tensor2D;
}

/**
 * Variational autoencoders with one hidden layer of tanh units on either side and a Gaussian code. The loss is the negative evidence
 * bound of one sample, the mean over the batch: cross-entropy summed over pixels, plus the divergence of the code from the prior.
 *
 * @see D. Kingma, M. Welling 2013, "Auto-encoding variational Bayes", arXiv 1312.6114, equation 10.
 */
export function variationalAutoencoderFamily({data, hidden, codeSize, batchSize}: VariationalAutoencoderOptions): TaskFamily<VariationalBatch> {
  const {numFeatures} = data.train;
  return {
    name: 'variational autoencoder',
    sample: random => {
      const layer = (name: string, inputs: number, outputs: number): InitialParameter[] =>
        [kernel(random, 'glorotUniform', `${name}Kernel`, [inputs, outputs]), zeros(`${name}Bias`, [outputs])];
      const parameters = [
        ...layer('encoder', numFeatures, hidden), ...layer('code', hidden, 2 * codeSize),
        ...layer('decoder', codeSize, hidden), ...layer('image', hidden, numFeatures),
      ];
      const rowSeeds = {train: random.next(), validation: random.next()}, noiseSeeds = {train: random.next(), validation: random.next()};
      return withCompiledForm<VariationalBatch>({
        init: () => toTensors(parameters),
        loss: (params, {images, noise}) => {
          const encoded = activateAs('tanh', dense(params, 'encoder', images));
          const [mean, logVariance] = tf.split(dense(params, 'code', encoded), 2, 1); // [batch, codeSize]
          const code = tf.add<tf.Tensor2D>(mean!, tf.mul(noise, tf.exp(tf.mul(0.5, logVariance!))));
          const logits = dense(params, 'image', activateAs('tanh', dense(params, 'decoder', code))); // [batch, pixels]
          // softplus(x) - x · pixel is the cross-entropy of a pixel.
          const misfit = tf.sum(tf.sub(tf.softplus(logits), tf.mul(logits, images)));
          const divergence = tf.mul(0.5, tf.sum(tf.sub(tf.add(tf.square(mean!), tf.exp(logVariance!)), tf.add(1, logVariance!))));
          return tf.div(tf.add(misfit, divergence), images.shape[0]);
        },
        *batches(split: Split) {
          const {features, numExamples} = data[split];
          for (let step = 0; ; step++) {
            const rows = batchRows(rowSeeds[split], step, batchSize, numExamples), images = new Float32Array(batchSize * numFeatures);
            rows.forEach((row, i) => images.set(features.subarray(row * numFeatures, (row + 1) * numFeatures), i * numFeatures));
            const noise = new Random(noiseSeeds[split]).fork(step).normals(batchSize * codeSize);
            yield {images: tf.tensor2d(images, [batchSize, numFeatures]), noise: tf.tensor2d(noise, [batchSize, codeSize])};
          }
        },
      }, () => {
        const program = new NetworkProgram(1, numFeatures), encoded = program.activate('tanh', program.dense(program.input, hidden));
        const code = program.sample(program.dense(encoded, 2 * codeSize), noiseSeeds), decoded = program.activate('tanh', program.dense(code, hidden));
        const split = (name: Split): CompiledSplit => {
          const {features, numExamples} = data[name];
          return {inputs: features, answers: features, numExamples, batchSize, seed: rowSeeds[name]};
        };
        return {
          ...program.form(program.dense(decoded, numFeatures)), parameters, loss: 'evidenceBound',
          splits: {train: split('train'), validation: split('validation')},
        };
      });
    },
  };
}

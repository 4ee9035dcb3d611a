import * as tf from '@tensorflow/tfjs-core';
import {withCompiledForm, type CompiledSplit} from '../../tasks/compiled-problem.js';
import {batchRows} from '../../tasks/families/shared/minibatches.js';
import {toTensors, type InitialParameter} from '../../tasks/families/shared/parameters.js';
import type {Split, TaskFamily} from '../../tasks/task-family.js';
import {NetworkProgram} from './network-program.js';

/** Sizes of a {@link matrixFactorisationFamily}. */
export interface MatrixFactorisationOptions {
  readonly numRows: number;
  readonly numColumns: number;
  /** Of the true matrix and of the factors. */
  readonly rank: number;
  /** Share of the entries that are known, one half of them for validation. */
  readonly known: number;
  /** Deviation of the noise on entries, whose own is about 1. */
  readonly noise: number;
  /** Entries in a batch. */
  readonly batchSize: number;
}

/** Some known entries; the caller disposes all. */
export interface EntryBatch {
  readonly rows: tf.Tensor1D;
  readonly columns: tf.Tensor1D;
  readonly values: tf.Tensor1D;
}

/** A known entry of the matrix. */
interface Entry {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/**
 * Completion of a random matrix of low rank from some of its entries: half the mean squared error of the product of two factors at
 * the batch's entries. Rows of the factors that no entry of a batch touches get no gradient from it.
 *
 * On TF.js's wasm backend it takes `registerWasmTrainingKernels()`.
 */
export function matrixFactorisationFamily(options: MatrixFactorisationOptions): TaskFamily<EntryBatch> {
  const {numRows, numColumns, rank, known, noise, batchSize} = options;
  return {
    name: 'matrix factorisation',
    sample: random => {
      const left = random.normals(numRows * rank, rank ** -0.25), right = random.normals(numColumns * rank, rank ** -0.25);
      const places = random.permutation(numRows * numColumns).subarray(0, Math.round(known * numRows * numColumns));
      const entries = Array.from(places, (place): Entry => {
        const row = Math.floor(place / numColumns), column = place % numColumns;
        let value = noise * random.normal();
        for (let k = 0; k < rank; k++) value += left[row * rank + k]! * right[column * rank + k]!;
        return {row, column, value};
      });
      const half = Math.floor(entries.length / 2);
      const splits: Readonly<Record<Split, readonly Entry[]>> = {train: entries.slice(0, half), validation: entries.slice(half)};
      const parameters: InitialParameter[] = [
        {name: 'rows', shape: [numRows, rank], values: random.normals(numRows * rank, 0.1)},
        {name: 'columns', shape: [numColumns, rank], values: random.normals(numColumns * rank, 0.1)},
      ];
      const seeds = {train: random.next(), validation: random.next()};
      return withCompiledForm<EntryBatch>({
        init: () => toTensors(parameters),
        loss: (params, {rows, columns, values}) => {
          const product = tf.sum(tf.mul(tf.gather(params.rows!, rows), tf.gather(params.columns!, columns)), 1); // [batch]
          return tf.mul(0.5, tf.mean(tf.square(tf.sub(product, values))));
        },
        *batches(split) {
          const part = splits[split];
          for (let step = 0; ; step++) {
            const batch = Array.from(batchRows(seeds[split], step, batchSize, part.length), i => part[i]!);
            yield {
              rows: tf.tensor1d(batch.map(({row}) => row), 'int32'), columns: tf.tensor1d(batch.map(({column}) => column), 'int32'),
              values: tf.tensor1d(batch.map(({value}) => value)),
            };
          }
        },
      }, () => {
        const program = new NetworkProgram(1, 2);
        const split = (name: Split): CompiledSplit => {
          const part = splits[name];
          return {
            inputs: Float32Array.from(part.flatMap(({row, column}) => [row, column])), answers: Float32Array.from(part, ({value}) => value),
            numExamples: part.length, batchSize, seed: seeds[name],
          };
        };
        return {
          ...program.form(program.factors(program.input, numRows, numColumns, rank)), parameters, loss: 'halfSquaredError',
          splits: {train: split('train'), validation: split('validation')},
        };
      });
    },
  };
}

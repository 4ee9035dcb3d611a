import * as tf from '@tensorflow/tfjs-core';
import type {Random} from '../../random.js';
import {CELLS, type CellKind} from '../../rollout/engine-layout.js';
import {kernel, orthogonalBlocks, zeros, type InitialParameter, type Initialization} from '../../tasks/families/shared/parameters.js';
import {NUM_BLOCKS, runCell} from '../../tasks/families/shared/recurrent-cell.js';
import type {NetworkForm} from '../../tasks/families/shared/supervised-task.js';
import {activateAs, dense, layerNorm, layerNormParameters, type SuiteActivation} from './layers.js';
import type {NetworkMaker} from './network-family.js';
import {NetworkProgram} from './network-program.js';

/** Kernel and zero bias of one dense layer, as {@link dense} names them. */
function denseLayer(random: Random, name: string, inputs: number, outputs: number, initialization: Initialization = 'glorotUniform'): InitialParameter[] {
  return [kernel(random, initialization, `${name}Kernel`, [inputs, outputs]), zeros(`${name}Bias`, [outputs])];
}

/** A dense network. @param hidden Units of each hidden layer. */
export function denseNetwork(hidden: readonly number[], activation: SuiteActivation): NetworkMaker {
  return (random, numFeatures, numOutputs) => {
    const sizes = [numFeatures, ...hidden, numOutputs], program = new NetworkProgram(1, numFeatures);
    const last = hidden.reduce((x, units) => program.activate(activation, program.dense(x, units)), program.input);
    return {
      parameters: sizes.slice(1).flatMap((outputs, layer) => denseLayer(random, `layer${layer}`, sizes[layer]!, outputs)),
      predict: (params, features) => sizes.slice(1).reduce((x, _, layer) =>
        dense(params, `layer${layer}`, layer === 0 ? x : activateAs(activation, x)), features),
      form: program.form(program.dense(last, numOutputs)),
    };
  };
}

/** Residual blocks of layer normalisation and two dense layers, as in transformers but without attention. */
export function residualNetwork({width, numBlocks, activation}: {width: number; numBlocks: number; activation: SuiteActivation}): NetworkMaker {
  const blocks = Array.from({length: numBlocks}, (_, i) => `block${i}`);
  const form = (numFeatures: number, numOutputs: number): NetworkForm => {
    const program = new NetworkProgram(1, numFeatures);
    const last = blocks.reduce((x, _) => {
      const up = program.activate(activation, program.dense(program.norm(x), 2 * width));
      return program.add(x, program.dense(up, width));
    }, program.dense(program.input, width));
    return program.form(program.dense(program.norm(last), numOutputs));
  };
  return (random, numFeatures, numOutputs) => ({
    parameters: [
      ...denseLayer(random, 'input', numFeatures, width),
      ...blocks.flatMap(block => [
        ...layerNormParameters(`${block}Norm`, width), ...denseLayer(random, `${block}Up`, width, 2 * width),
        ...denseLayer(random, `${block}Down`, 2 * width, width),
      ]),
      ...layerNormParameters('outputNorm', width),
      ...denseLayer(random, 'output', width, numOutputs),
    ],
    predict: (params, features) => {
      const last = blocks.reduce((x, block) => {
        const up = activateAs(activation, dense(params, `${block}Up`, layerNorm(params, `${block}Norm`, x))); // [batch, 2 * width]
        return tf.add<tf.Tensor2D>(x, dense(params, `${block}Down`, up));
      }, dense(params, 'input', features));
      return dense(params, 'output', layerNorm(params, 'outputNorm', last));
    },
    form: form(numFeatures, numOutputs),
  });
}

/** One recurrent cell over a sequence, whose last state a dense layer reads. The LSTM's forget gate starts at 1. */
export function recurrentNetwork({cell, units, featuresPerStep}: {cell: CellKind; units: number; featuresPerStep: number}): NetworkMaker {
  const blocks = NUM_BLOCKS[cell];
  return (random, numFeatures, numOutputs) => {
    const bias = zeros('bias', [units * blocks]), numSteps = numFeatures / featuresPerStep;
    if (cell === 'lstm') bias.values.fill(1, units, 2 * units);
    return {
      parameters: [
        kernel(random, 'glorotUniform', 'inputKernel', [featuresPerStep, units * blocks]), orthogonalBlocks(random, 'recurrentKernel', units, blocks), bias,
        ...denseLayer(random, 'output', units, numOutputs),
      ],
      predict: (params, features) => {
        const sequence = tf.reshape<tf.Rank.R3>(features, [-1, numSteps, featuresPerStep]); // [batch, steps, features]
        return dense(params, 'output', runCell(cell, units, params, sequence));
      },
      form: {kind: 'recurrent', sizes: [CELLS.indexOf(cell), numSteps, featuresPerStep, units, numOutputs]},
    };
  };
}

import * as tf from '@tensorflow/tfjs-core';
import {type LayersModel} from '@tensorflow/tfjs-layers';
import type {Task} from './tasks.js';
import {compiled, train} from './training.js';

/** Training that goes on from call to call. */
export interface Training {
  /** Makes so many steps, a multiple of {@link BATCHES_PER_EPOCH}. */
  run(steps: number): Promise<void>;
  readonly model: LayersModel;
  dispose(): void;
}

/** One way into an optimizer. */
export interface EntryPoint {
  readonly title: string;
  start(task: Task, optimizer: tf.Optimizer): Training;
}

/** The batches of steps 0 to 9, over and over. */
export const BATCHES_PER_EPOCH = 10;

type Dataset = Parameters<LayersModel['fitDataset']>[0];

/** An epoch's batches, made as they are asked for, as tf.data does. */
function datasetOf(task: Task): Dataset {
  const iterator = (): unknown => {
    let step = 0;
    return {next: () => Promise.resolve(step === BATCHES_PER_EPOCH ? {done: true, value: null} : {done: false, value: rename(task.batch(step++))})};
  };
  const rename = ({x, y}: ReturnType<Task['batch']>): object => ({xs: x, ys: y});
  return {size: BATCHES_PER_EPOCH, iterator: () => Promise.resolve(iterator())} as unknown as Dataset;
}

function start(task: Task, optimizer: tf.Optimizer, run: (model: LayersModel, steps: number) => Promise<void>, dispose?: () => void): Training {
  const model = compiled(task, optimizer);
  return {
    model,
    run: steps => run(model, steps),
    dispose() {
      model.dispose();
      dispose?.();
    },
  };
}

/** The entry points of Layers models. */
export const LAYERS_ENTRY_POINTS: readonly EntryPoint[] = [
  {
    title: 'fit',
    start(task, optimizer) {
      const batches = Array.from({length: BATCHES_PER_EPOCH}, (_, step) => task.batch(step));
      const x = tf.concat(batches.map(b => b.x)), y = tf.concat(batches.map(b => b.y as tf.Tensor)), batchSize = batches[0]!.x.shape[0];
      tf.dispose(batches.map(b => [b.x, b.y as tf.Tensor]));
      return start(task, optimizer, async (model, steps) => {
        await model.fit(x, y, {batchSize, epochs: steps / BATCHES_PER_EPOCH, shuffle: false, verbose: 0, yieldEvery: 'never'});
      }, () => void tf.dispose([x, y]));
    },
  },
  {
    title: 'fitDataset',
    start: (task, optimizer) => start(task, optimizer, async (model, steps) => {
      await model.fitDataset(datasetOf(task), {epochs: steps / BATCHES_PER_EPOCH, verbose: 0, yieldEvery: 'never'});
    }),
  },
  {
    title: 'trainOnBatch',
    start: (task, optimizer) => start(task, optimizer, async (model, steps) => {
      for (let step = 0; step < steps; step += BATCHES_PER_EPOCH) await train(model, task, 0, BATCHES_PER_EPOCH);
    }),
  },
];

/** One step on the given variables. */
type Step = (optimizer: tf.Optimizer, loss: () => tf.Scalar, variables: tf.Variable[]) => void;

function withGradients(apply: (gradients: tf.NamedTensorMap) => void, loss: () => tf.Scalar, optimizer?: tf.Optimizer): void {
  const {value, grads} = optimizer === undefined ? tf.variableGrads(loss) : optimizer.computeGradients(loss);
  apply(grads);
  tf.dispose([value, grads] as tf.TensorContainer);
}

function list(grads: tf.NamedTensorMap): Array<{name: string; tensor: tf.Tensor}> {
  return Object.entries(grads).map(([name, tensor]) => ({name, tensor}));
}

/** The entry points of loops of one's own that know the loss. */
export const LOOP_STEPS: Readonly<Record<string, Step>> = {
  'minimize': (optimizer, loss) => void optimizer.minimize(loss),
  'minimize with varList': (optimizer, loss, variables) => void optimizer.minimize(loss, false, variables),
  'minimize that returns the cost': (optimizer, loss, variables) => optimizer.minimize(loss, true, variables)!.dispose(),
  'computeGradients and applyGradients by map': (optimizer, loss) => withGradients(g => optimizer.applyGradients(g), loss, optimizer),
  'computeGradients and applyGradients by list': (optimizer, loss) => withGradients(g => optimizer.applyGradients(list(g)), loss, optimizer),
};

/** The entry points that tell the optimizer nothing of the loss. */
export const LOSSLESS_STEPS: Readonly<Record<string, Step>> = {
  'applyGradients by map': (optimizer, loss) => withGradients(g => optimizer.applyGradients(g), loss),
  'applyGradients by list': (optimizer, loss) => withGradients(g => optimizer.applyGradients(list(g)), loss),
};

import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';

/** The three parts of a data set. */
export interface DataSplits {
  readonly train: LabelledData;
  readonly validation: LabelledData;
  readonly test: LabelledData;
}

/** What every run of a comparison has in common. */
export interface TrainingPlan {
  readonly hiddenSizes: readonly number[];
  readonly batchSize: number;
  /** Training steps of a run. */
  readonly numSteps: number;
  /** Steps between two evaluations of the loss over the whole training set. */
  readonly stepsPerPoint: number;
}

/** One point of a training curve. */
export interface CurvePoint {
  readonly step: number;
  /** Loss over the whole training set. */
  readonly loss: number;
}

/** What one run came to. Losses are mean cross-entropies and not finite where the run diverged. */
export interface TrainingRun {
  readonly curve: readonly CurvePoint[];
  /** Loss over the whole training set after the last step. */
  readonly trainLoss: number;
  readonly validationLoss: number;
  /** From 0 to 1, as {@link TrainingRun.testAccuracy}. */
  readonly validationAccuracy: number;
  readonly testAccuracy: number;
  /** Wall time inside `model.fit`, without the evaluations. */
  readonly seconds: number;
}

/** Steps handed to one call of `model.fit` when nothing is evaluated: the process answers signals between calls. */
const MAX_STEPS_PER_FIT = 25;

/**
 * Trains one classifier from scratch through `model.compile` and `model.fit`.
 *
 * Weights and batches depend on `random`'s seed alone, so that runs of two optimizers with the same seed are paired.
 *
 * @param makeOptimizer Called once, for this run; the optimizer is disposed with the model.
 * @param random Left unchanged: only forked.
 * @param onSteps Called with the number of steps just done.
 */
export async function trainOnce(
  splits: DataSplits,
  plan: TrainingPlan,
  makeOptimizer: () => tf.Optimizer,
  random: Random,
  onSteps: (count: number) => void,
): Promise<TrainingRun> {
  const train = toTensors(splits.train);
  const model = buildClassifier(splits.train, plan.hiddenSizes, random.fork('weights'));
  const optimizer = makeOptimizer();
  try {
    model.compile({optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy']});
    const draw = exampleStream(random.fork('batches'), splits.train.numExamples);
    const curve: CurvePoint[] = [{step: 0, loss: (await evaluate(model, train)).loss}];
    let seconds = 0;
    for (let step = 0; step < plan.numSteps;) {
      const count = nextFitLength(step, plan);
      const chunk = gatherRows(train, draw(count * plan.batchSize));
      const start = performance.now();
      await model.fit(chunk.x, chunk.y, {batchSize: plan.batchSize, epochs: 1, shuffle: false, verbose: 0, yieldEvery: 'never'});
      seconds += (performance.now() - start) / 1000;
      tf.dispose([chunk.x, chunk.y]);
      step += count;
      if (step % plan.stepsPerPoint === 0 || step === plan.numSteps) {
        curve.push({step, loss: (await evaluate(model, train)).loss});
      }
      onSteps(count);
      await new Promise(setImmediate);
    }
    const validation = await evaluateData(model, splits.validation);
    const test = await evaluateData(model, splits.test);
    return {
      curve,
      trainLoss: curve[curve.length - 1]!.loss,
      validationLoss: validation.loss,
      validationAccuracy: validation.accuracy,
      testAccuracy: test.accuracy,
      seconds,
    };
  } finally {
    tf.dispose([train.x, train.y]);
    model.dispose();
    optimizer.dispose();
  }
}

/** Steps until the next evaluation, the end, or the longest stretch without a look at signals: whatever is nearest. */
export function nextFitLength(step: number, plan: Pick<TrainingPlan, 'numSteps' | 'stepsPerPoint'>): number {
  const toPoint = plan.stepsPerPoint - (step % plan.stepsPerPoint);
  return Math.min(toPoint, plan.numSteps - step, MAX_STEPS_PER_FIT);
}

/**
 * Draws example indices: every example once, in random order, before any comes again. (TF.js shuffles with
 * `Math.random`, so the order has to come from here for runs to be repeatable.)
 */
export function exampleStream(random: Random, numExamples: number): (count: number) => Int32Array {
  let order = random.permutation(numExamples), next = 0;
  return (count) => Int32Array.from({length: count}, () => {
    if (next === numExamples) {
      order = random.permutation(numExamples);
      next = 0;
    }
    return order[next++]!;
  });
}

function buildClassifier(data: LabelledData, hiddenSizes: readonly number[], random: Random): tfl.Sequential {
  const seeded = () => tfl.initializers.glorotNormal({seed: random.next()});
  const model = tfl.sequential();
  hiddenSizes.forEach((units, i) => {
    const input = i === 0 ? {inputShape: [data.numFeatures]} : {};
    model.add(tfl.layers.dense({units, activation: 'relu', kernelInitializer: seeded(), ...input}));
  });
  model.add(tfl.layers.dense({units: data.numClasses, activation: 'softmax', kernelInitializer: seeded()}));
  return model;
}

interface ExampleTensors {
  readonly x: tf.Tensor; // [numExamples, numFeatures]
  readonly y: tf.Tensor; // [numExamples, numClasses], one-hot
}

function toTensors(data: LabelledData): ExampleTensors {
  return {
    x: tf.tensor2d(data.features, [data.numExamples, data.numFeatures]),
    y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(data.labels, 'int32'), data.numClasses), 'float32')),
  };
}

function gatherRows(data: ExampleTensors, rows: Int32Array): ExampleTensors {
  return tf.tidy(() => {
    const indices = tf.tensor1d(rows, 'int32');
    return {x: tf.gather(data.x, indices), y: tf.gather(data.y, indices)};
  });
}

async function evaluateData(model: tfl.Sequential, data: LabelledData): Promise<{loss: number; accuracy: number}> {
  const tensors = toTensors(data);
  try {
    return await evaluate(model, tensors);
  } finally {
    tf.dispose([tensors.x, tensors.y]);
  }
}

async function evaluate(model: tfl.Sequential, {x, y}: ExampleTensors): Promise<{loss: number; accuracy: number}> {
  const scalars = model.evaluate(x, y, {batchSize: x.shape[0], verbose: 0});
  const [loss, accuracy] = await Promise.all([scalars].flat().map(async (scalar) => (await scalar.data())[0]!));
  tf.dispose(scalars);
  return {loss: loss!, accuracy: accuracy!};
}

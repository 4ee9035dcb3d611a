/** The task of the rollout benchmark, and the loops that are timed. */
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import {countParams, mlpProblem, type MlpTask} from '../../src/tasks/mlp-task.js';
import {defaultTheta} from '../../src/theta/default-theta.js';

export const BATCH_SIZE = 64;
const SIZES = [64, 32, 10] as const, NUM_EXAMPLES = 1024;

/** MLP 64-32-10, relu, softmax cross-entropy, on seeded Gaussian data. */
export function benchTask(): MlpTask {
  const random = new Random(1), count = countParams(SIZES);
  return {
    sizes: SIZES, activation: 'relu', loss: 'softmaxCrossEntropy', batchSize: BATCH_SIZE, numExamples: NUM_EXAMPLES, numValidation: 0,
    features: random.normals(NUM_EXAMPLES * SIZES[0]), labels: Int32Array.from({length: NUM_EXAMPLES}, () => random.integer(10)),
    initialParams: random.normals(count, 0.15), scales: new Float32Array(count).fill(1),
  };
}

/** Inner steps a second of the compiled engine in this thread, over about `seconds`. */
export function engineStepsPerSecond(seconds: number): number {
  const engine = RolloutEngine.create(), loaded = engine.load(mlpProblem(benchTask(), 3)), losses = new Float32Array(500);
  const rollout = engine.start(loaded, {rule: 'tensor-lstm', learningRate: 1, horizon: 0, hasLoss: true});
  rollout.setTheta(defaultTheta().values);
  rollout.run(500, losses);
  const start = performance.now();
  let steps = 0;
  while (performance.now() - start < 1000 * seconds) steps += rollout.run(500, losses);
  return steps / ((performance.now() - start) / 1000);
}

/** Iterations a second of a plain arithmetic loop: what a second core gives to work that shares nothing. */
export function spinsPerSecond(seconds: number): number {
  const start = performance.now();
  let spins = 0, x = 1;
  while (performance.now() - start < 1000 * seconds) {
    for (let i = 0; i < 1e6; i++) x = Math.imul(x, 1664525) + 1013904223 | 0;
    spins++;
  }
  return x === 0.5 ? 0 : spins / ((performance.now() - start) / 1000);
}

import type {FinishedDemo} from '../../../src/cli/demo/presentation.js';
import {summarize, type OptimizerRuns} from '../../../src/cli/demo/summary.js';
import type {TrainingRun} from '../../../src/cli/demo/training-run.js';
import type {LabelledData} from '../../../src/tasks/digits.js';

/** A run with the given losses, ten steps apart. */
export function fakeRun(losses: readonly number[]): TrainingRun {
  return {
    curve: losses.map((loss, i) => ({step: i * 10, loss})),
    trainLoss: losses.at(-1) ?? NaN,
    validationLoss: 0.5,
    validationAccuracy: 0.9,
    testAccuracy: 0.8,
    seconds: 2,
  };
}

/** Three optimizers with three runs each. */
export function fakeRuns(): OptimizerRuns[] {
  const repeat = (losses: readonly number[]): TrainingRun[] =>
    [1, 1.01, 1.02].map((factor) => fakeRun(losses.map((loss) => loss * factor)));
  return [
    {name: 'learned', label: 'Learned <untuned>', learningRate: null, runs: repeat([4, 1, 0.25])},
    {name: 'adam-default', label: 'Adam, default', learningRate: 1e-3, runs: repeat([4, 2, 1])},
    {name: 'adam-tuned', label: 'Adam, tuned', learningRate: 0.01, runs: repeat([4, 1.5, 0.5])},
  ];
}

/** A whole demo, made up. */
export function fakeDemo(): FinishedDemo {
  const data: LabelledData = {
    features: new Float32Array(4), labels: new Int32Array(2), numExamples: 2, numFeatures: 2, numClasses: 10,
  };
  const scores = [{rate: 1e-3, loss: 1}, {rate: 0.01, loss: 0.5}, {rate: 0.1, loss: NaN}];
  return {
    options: {json: false, seed: 3, steps: 20, backend: undefined, dataset: 'digits', out: 'folder/report.html'},
    dataset: {title: 'Made-up <data>', familiarity: 'made <up> too'},
    splits: {train: data, validation: data, test: data},
    plan: {hiddenSizes: [4], batchSize: 2, numSteps: 20, stepsPerPoint: 10},
    environment: {package: '0.1.0', tfjs: '4.22.0', backend: 'cpu', node: '20.0.0', platform: 'linux x64'},
    result: {
      tuning: {best: {rate: 0.01, loss: 0.5}, scores, numWidened: 0, isAtEdge: false, numSteps: 120, seconds: 12},
      optimizers: summarize(fakeRuns()),
      lossOverTunedAdam: {mean: 0.5, low: 0.4, high: 0.6},
      lossOverDefaultAdam: {mean: 0.25, low: NaN, high: NaN},
    },
    totalSeconds: 65,
  };
}

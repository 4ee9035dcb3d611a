import type {FinishedDemo} from './presentation.js';

/** Everything the demo found out, as JSON; numbers that are not finite become null. */
export function demoJson({options, dataset, splits, plan, environment, result, totalSeconds}: FinishedDemo): string {
  const {train, validation, test} = splits;
  return JSON.stringify({
    command: 'demo',
    environment,
    configuration: {
      dataset: options.dataset,
      datasetTitle: dataset.title,
      familiarity: dataset.familiarity,
      numTrain: train.numExamples,
      numValidation: validation.numExamples,
      numTest: test.numExamples,
      layerSizes: [train.numFeatures, ...plan.hiddenSizes, train.numClasses],
      batchSize: plan.batchSize,
      numSteps: plan.numSteps,
      stepsPerPoint: plan.stepsPerPoint,
      seed: options.seed,
    },
    ...result,
    totalSeconds,
    report: options.out,
  });
}

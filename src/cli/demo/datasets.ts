import {loadDigits} from '../../tasks/digits.js';
import {loadFashionMnist} from '../../tasks/fashion-mnist.js';
import type {DatasetName} from '../args.js';
import type {DataSplits, TrainingPlan} from './training-run.js';

/**
 * Hidden layers of the demo's classifier, 64-48-24-10 on the digits, and its batch size. No meta-training recipe uses
 * this shape: the demo shows a network that the learned optimizer has never seen.
 */
export const DEMO_HIDDEN_SIZES: readonly number[] = [48, 24];
/** See {@link DEMO_HIDDEN_SIZES}. */
export const DEMO_BATCH_SIZE = 50;

/** A data set as the demo uses it. */
export interface DemoDataset {
  readonly title: string;
  load(): DataSplits;
  /** Evaluations per run: fewer where the training set is large. */
  readonly numCurvePoints: number;
}

/** The data sets by name. */
export const DEMO_DATASETS: Readonly<Record<DatasetName, DemoDataset>> = {
  'digits': {title: '8×8 digits (UCI)', load: loadDigits, numCurvePoints: 60},
  'fashion-mnist': {title: 'Fashion-MNIST, a sample', load: () => loadFashionMnist(), numCurvePoints: 20},
};

/** The plan of every run on `dataset`. */
export function demoPlan(dataset: DemoDataset, numSteps: number): TrainingPlan {
  const stepsPerPoint = Math.max(1, Math.round(numSteps / dataset.numCurvePoints));
  return {hiddenSizes: DEMO_HIDDEN_SIZES, batchSize: DEMO_BATCH_SIZE, numSteps, stepsPerPoint};
}

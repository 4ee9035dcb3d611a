import {loadDigits} from '../../tasks/digits.js';
import {loadFashionMnist} from '../../tasks/fashion-mnist.js';
import type {DatasetName} from '../args.js';
import type {DataSplits, TrainingPlan} from './training-run.js';

/**
 * Hidden layers of the demo's classifier, 64-48-24-10 on the digits. Recipes leave this shape out of meta-training; but
 * they train similar shapes, and on the digits' training images too, which {@link DemoDataset.familiarity} tells readers.
 */
export const DEMO_HIDDEN_SIZES: readonly number[] = [48, 24];
/** Images per step. */
export const DEMO_BATCH_SIZE = 50;

/** A data set as the demo uses it. */
export interface DemoDataset {
  readonly title: string;
  load(): DataSplits;
  /** What the shipped theta has seen of this task: to be kept true when the recipe changes. */
  readonly familiarity: string;
  /** Evaluations per run: fewer where the training set is large. */
  readonly numCurvePoints: number;
}

const DIGITS_FAMILIARITY = 'other networks were trained on these same training images in meta-training, and when its ' +
  'weights were chosen; this network, and the validation and test images, were not used';
const FASHION_FAMILIARITY = 'no image of this set was used in meta-training';

/** The data sets by name. */
export const DEMO_DATASETS: Readonly<Record<DatasetName, DemoDataset>> = {
  'digits': {title: '8×8 digits (UCI)', load: loadDigits, familiarity: DIGITS_FAMILIARITY, numCurvePoints: 60},
  'fashion-mnist': {title: 'Fashion-MNIST, a sample', load: () => loadFashionMnist(), familiarity: FASHION_FAMILIARITY, numCurvePoints: 20},
};

/** The plan of every run on `dataset`. */
export function demoPlan(dataset: DemoDataset, numSteps: number): TrainingPlan {
  const stepsPerPoint = Math.max(1, Math.round(numSteps / dataset.numCurvePoints));
  return {hiddenSizes: DEMO_HIDDEN_SIZES, batchSize: DEMO_BATCH_SIZE, numSteps, stepsPerPoint};
}

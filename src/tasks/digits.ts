import {inflateRawSync} from 'node:zlib';
import {Random} from '../random.js';
import {DIGITS_DEFLATED} from './digits-data.js';

/** Labelled examples, row by row. */
export interface LabelledData {
  /** Features, row-major `[numExamples, numFeatures]`. */
  readonly features: Float32Array;
  /** Class of each example, from 0. */
  readonly labels: Int32Array;
  readonly numExamples: number;
  readonly numFeatures: number;
  readonly numClasses: number;
}

const NUM_IMAGES = 1797;
const NUM_PIXELS = 64;
/** How the images are split, in the order train, validation, test. */
const SPLIT = {train: 1197, validation: 300, test: 300} as const;
/** The split is the same for every caller, so that no recipe ever sees a test image. */
const SPLIT_SEED = 20230;

/**
 * The real 8×8 digits (UCI, 1,797 images, pixels scaled to 0…1), split once and for all into 1,197 images for training,
 * 300 for validation and 300 for test. Node only: the images are stored deflated.
 */
export function loadDigits(): Record<keyof typeof SPLIT, LabelledData> {
  const bytes = inflateRawSync(Buffer.from(DIGITS_DEFLATED, 'base64'));
  const order = new Random(SPLIT_SEED).permutation(NUM_IMAGES);
  let start = 0;
  const take = (count: number): LabelledData => {
    const features = new Float32Array(count * NUM_PIXELS), labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const image = order[start + i]!;
      for (let k = 0; k < NUM_PIXELS; k++) features[i * NUM_PIXELS + k] = bytes[image * NUM_PIXELS + k]! / 16;
      labels[i] = bytes[NUM_IMAGES * NUM_PIXELS + image]!;
    }
    start += count;
    return {features, labels, numExamples: count, numFeatures: NUM_PIXELS, numClasses: 10};
  };
  return {train: take(SPLIT.train), validation: take(SPLIT.validation), test: take(SPLIT.test)};
}

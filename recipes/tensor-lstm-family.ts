/** The tasks that the shipped theta is meta-trained on. */
import type {Random} from '../src/random.js';
import {loadDigits} from '../src/tasks/digits.js';
import {sampleMlpTask, type SampledTask} from '../src/tasks/mlp-family.js';

/** Hidden sizes kept for the demo: they appear in no recipe. */
export const EXCLUDED_HIDDEN = [[48, 24]] as const;
// Validation and test images are not even looked at here.
const digits = loadDigits().train;

export function sampleTask(random: Random): SampledTask {
  return sampleMlpTask(random, digits, {horizons: [100, 1000], maxMultiplyAdds: 400_000, excludedHidden: EXCLUDED_HIDDEN});
}

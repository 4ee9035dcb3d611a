/** Built-in tasks, of which some are run by the compiled engine and some, those with late gradients, by tf ops. */
import {augmented} from '../../../src/tasks/augment/augmentation.js';
import {delayedGradients} from '../../../src/tasks/augment/delayed-gradients.js';
import {reparametrised} from '../../../src/tasks/augment/reparametrised.js';
import {sometimes} from '../../../src/tasks/augment/sometimes.js';
import {mlpClassificationFamily} from '../../../src/tasks/families/mlp-classification.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';

export const networks = mlpClassificationFamily({numExamples: 60, width: 6, depth: 1, batchSize: 8});
const family: TaskFamily = augmented(networks, sometimes(0.4, delayedGradients({numSteps: 3})), reparametrised({range: [0.1, 10]}));
export default family;

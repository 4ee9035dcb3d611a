/**
 * The task family of the example, in a module of its own so that worker threads can load it: a small classifier trained afresh on
 * the 50 images of one user. What a rollout is scored by is the loss on other images of the same user.
 */
import {mlpClassificationFamily, type Random, type Task, type TaskFamily} from '../../src/index.js';
import {drawUser, type User} from './users.js';

/** Inputs, hidden units, classes. */
export const SIZES = [64, 16, 10] as const;
/** Images in one step: five steps see as many as a user has. */
export const BATCH_SIZE = 10;
/** Test images of a user in meta-training. */
const NUM_TEST = 200;

/** A user's classifier at its random start: the built-in family of dense networks, held to one network and to one user's images. */
export function userTask(random: Random, {train, test}: User): Task {
  return mlpClassificationFamily({
    data: {train, validation: test}, depth: 1, width: SIZES[1], activation: 'relu', initialization: 'glorotUniform', batchSize: BATCH_SIZE,
  }).sample(random.fork('classifier'));
}

const users: TaskFamily = {name: 'personal classifiers', sample: random => userTask(random, drawUser(random.fork('user'), 'meta-training', NUM_TEST))};
export default users;

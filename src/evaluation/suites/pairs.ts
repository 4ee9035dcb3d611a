import type {SuiteTask} from '../suite.js';

/**
 * What tells whether a recipe has seen a task: its data and its architecture class. Each recipe declares those that it trains on,
 * and shares none with the suite `unseen`.
 */
export type TaskPair = Pick<SuiteTask, 'dataset' | 'architecture'>;

/** The pairs that are in both lists. */
export function sharedPairs(a: readonly TaskPair[], b: readonly TaskPair[]): TaskPair[] {
  return a.filter(({dataset, architecture}) => b.some(other => other.dataset === dataset && other.architecture === architecture));
}

/** Data and architectures that no recipe has at all, in whatever pair. */
export const KEPT_FROM_RECIPES = {
  datasets: ['fashion-mnist', 'wine', 'breast cancer', 'diabetes'],
  architectures: ['attention', 'variational autoencoder', 'rosenbrock'],
} as const;

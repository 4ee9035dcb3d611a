/** The recipe: everything that the result depends on, with the family, the rule and the number of outer steps. */
export const RECIPE = {
  seed: 7, numPairs: 24, windowSteps: 50, initialStep: 0.015, initialGuard: 2,
  /** The end of a run counts more than its start: see `stepWeight`. */
  objective: {kind: 'logLoss', over: 'late', on: 'train'},
  estimator: {kind: 'nres', sigma: 0.01, maxDifference: 0.5, signOnly: false, stagger: true},
  /** Outer learning rate after each of these outer steps, linear between them. The first 65,500 steps made version 1; see the model card. */
  rates: [[0, 0], [100, 1.5e-3], [40_000, 1.5e-4], [68_000, 1.5e-4], [69_000, 4e-4], [78_500, 3.8e-4], [79_000, 2e-4], [91_500, 2e-4], [92_000, 3e-4], [140_000, 1.5e-4], [260_000, 2e-5]],
  /** Share of each outer step's theta in the running average that is kept. */
  averageRate: 2e-3,
} as const;

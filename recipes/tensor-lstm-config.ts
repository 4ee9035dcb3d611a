/** The recipe: everything that the result depends on, with the family, the rule and the number of outer steps. */
export const RECIPE = {
  seed: 7, numPairs: 24, windowSteps: 50, initialStep: 0.015, initialGuard: 2,
  /** The end of a run counts more than its start: see `stepWeight`. */
  objective: {kind: 'logLoss', over: 'late', on: 'train'},
  estimator: {kind: 'nres', sigma: 0.01, maxDifference: 0.5, signOnly: false, stagger: true},
  /** Outer learning rate: warm-up, then cosine to a tenth over this many outer steps. */
  peakRate: 1.5e-3, warmUp: 100, decaySteps: 40_000,
  /** Share of each outer step's theta in the running average that is kept. */
  averageRate: 2e-3,
} as const;

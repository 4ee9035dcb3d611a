import {BACKENDS, DATASETS, DEMO_DEFAULTS} from './args.js';

/** What `tfjs-l2o --help` prints. */
export const OVERVIEW_HELP = `Usage: tfjs-l2o <command> [flags]

A learned optimizer for TensorFlow.js.

Commands
  demo         train a classifier with the learned optimizer and with Adam, and compare them

Flags
  -h, --help   show this help, or that of a command (tfjs-l2o demo --help)
  --version    print the version
`;

/** What `tfjs-l2o demo --help` prints. */
export const DEMO_HELP = `Usage: tfjs-l2o demo [flags]

Trains a small classifier on real images, through model.compile and model.fit, 3 seeds each, with
  the learned optimizer, untuned;
  Adam at its default rate of 1e-3;
  Adam at the best rate of a half-decade grid, found here on the validation set.
Prints a table and writes an HTML report with the loss curves.

Flags
  --steps N        training steps of each run (default ${DEMO_DEFAULTS.steps})
  --seed N         seed of weights and batches (default ${DEMO_DEFAULTS.seed})
  --dataset NAME   ${DATASETS.join(' or ')} (default ${DEMO_DEFAULTS.dataset})
  --backend NAME   ${BACKENDS.join(', ')} (default wasm where its package is installed, else cpu)
  --out FILE       the report (default ${DEMO_DEFAULTS.out})
  --json           print one JSON object instead of the table
  -h, --help       show this help

Progress goes to stderr, results to stdout. Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted.
`;

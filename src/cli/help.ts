import {BASELINES} from '../evaluation/optimizers.js';
import {BACKENDS, DATASETS, DEMO_DEFAULTS, type HelpTopic} from './args.js';
import {EVALUATE_DEFAULTS} from './evaluate/args.js';
import {SUITES} from './evaluate/suites.js';
import {FLATNESS_DEFAULTS} from './flatness/args.js';

const EXIT_STATUS = 'Progress goes to stderr, results to stdout. Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted.';

const OVERVIEW_HELP = `Usage: tfjs-l2o <command> [flags]

A learned optimizer for TensorFlow.js.

Commands
  demo         train a classifier with the learned optimizer and with Adam, and compare them
  evaluate     judge an optimizer on a suite of tasks, beside baselines that are tuned on each
  meta-fit     meta-train an optimizer on tasks of your own
  resume       go on with a meta-training that was stopped
  flatness     measure how flat the loss of a saved model is around its weights
  info         say what a theta file or the folder of a meta-training holds

Flags
  -h, --help   show this help, or that of a command (tfjs-l2o meta-fit --help)
  --version    print the version
`;

const DEMO_HELP = `Usage: tfjs-l2o demo [flags]

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

${EXIT_STATUS}
`;

const EVALUATE_HELP = `Usage: tfjs-l2o evaluate SUITE [flags]

Runs the learned optimizer, untuned, on every task of a suite beside Adam, Adam and AdamW with a cosine schedule, and SGD with
momentum, each at the best of a half-decade grid of rates, found here on seeds of its own. Prints speed-ups and losses, and
writes an HTML report. SUITE is ${SUITES.join(', ')}, or path or URL of a module with a suite.

Flags
  --theta FILE         theta to judge (default: the shipped one)
  --recipe FILES       files that make up its recipe, separated by commas: their hash goes into the result (default: the
                       recipe that the theta file holds)
  --peers MODULES      modules of optimizers to compare with, untuned, separated by commas
  --tasks NAMES        only these tasks, separated by semicolons
  --baselines NAMES    only these of ${BASELINES.join(', ')}
  --seeds N            fresh seeds of each run (default ${EVALUATE_DEFAULTS.seeds})
  --workers N          worker threads (default: as many as there are cores)
  --cache DIR          folder of finished runs, which are not made again (default ${EVALUATE_DEFAULTS.cache})
  --limit-minutes N    begin no run after so long; the same command goes on
  --out FILE           write the result as JSON, but never in place of one with more tasks, seeds or baselines
  --report FILE        the report (default ${EVALUATE_DEFAULTS.report})
  --log FILE           append a line with the first run, and one with the figures; required for unseen
  --json               print the result as JSON instead of the tables
  -h, --help           show this help

Progress goes to stderr, results to stdout. Exit status: 0 all done, 1 failed or time up, 2 wrong use, 130 interrupted.
`;

const META_FIT_HELP = `Usage: tfjs-l2o meta-fit CONFIG [flags]

Meta-trains an optimizer, and writes into the folder of the run
  theta.safetensors   the best theta, for loadOptimizer
  report.html         meta-loss, held-out loss, learning rates, and loss curves against tuned Adam on fresh tasks
  run.json, checkpoint.l2o   all that "tfjs-l2o resume" needs; written all along, so a run can be stopped at any moment

CONFIG is a JSON file, or a module in JavaScript or TypeScript, with the options of metaFit:
  {"tasks": "./my-family.js", "numOuterSteps": 400, "horizons": [100, 100], "seed": 7, "workers": 2}
Paths in it are relative to it. A module exports the options by default. "tasks", and "heldOut" where it is given, are
modules that export a task family by default; "initialTheta" may be the path of a theta file. All of it is checked before
any work begins. TypeScript needs Node 22.18 or newer, or the package tsx.

Flags
  --out DIR        folder of the run (default the config's checkpointDir, else runs/ and the config's name)
  --workers N      worker threads, instead of the config's; the result does not depend on it
  --json           print one JSON object instead of text
  -h, --help       show this help

Where the folder holds a run of the same config already, that one goes on.
${EXIT_STATUS}
`;

const RESUME_HELP = `Usage: tfjs-l2o resume DIR [flags]

Goes on with the meta-training in the folder DIR as if it had never stopped: same theta, bit for bit. Needs nothing but the
folder and the task families that it names.

Flags
  --workers N      worker threads, instead of those of the run so far; the result does not depend on it
  --json           print one JSON object instead of text
  -h, --help       show this help

${EXIT_STATUS}
`;

const FLATNESS_HELP = `Usage: tfjs-l2o flatness MODEL_DIR DATA [flags]

Measures how flat the loss of a saved Layers model is around its weights: local entropy, sharpness, norms and trace of the
Hessian, each with its standard error. Prints a table, and writes an HTML report with the spectrum of the Hessian and a slice
of the loss landscape. MODEL_DIR is a folder written by model.save, or its model.json. DATA is a JSON file,
  {"x": [[0.1, 0.2], …], "y": [[1, 0], …]}
with inputs and targets as for model.fit: nested lists, or {"shape": […], "values": […], "dtype": "int32"}; or a list of such
objects where the model has several inputs or outputs.

Flags
  --loss NAME        the loss, where the model was saved without its optimizer
  --scaling NAME     what perturbations are relative to: plain, tensor or filter (default ${FLATNESS_DEFAULTS.scaling})
  --samples N        samples of each measure, an antithetic pair being two (default ${FLATNESS_DEFAULTS.samples})
  --gamma N          one over the variance of the local entropy's perturbations (default ${FLATNESS_DEFAULTS.gamma})
  --entropy-steps N  Langevin steps of each of its samples, where Gaussian ones are worth too little (default ${FLATNESS_DEFAULTS.entropySteps}: none)
  --radius R         radius of both sharpnesses, in the coordinates of --scaling (default: 5 % of the weights' length)
  --hessian NAME     products with the Hessian: differences of gradients, or exact (default ${FLATNESS_DEFAULTS.hessian})
  --seed N           seed of all perturbations (default ${FLATNESS_DEFAULTS.seed})
  --batch-size N     examples evaluated at once (default ${FLATNESS_DEFAULTS.batchSize})
  --backend NAME     ${BACKENDS.join(', ')} (default wasm where its package is installed, else cpu)
  --out FILE         the report (default ${FLATNESS_DEFAULTS.out})
  --json             print one JSON object instead of the table
  -h, --help         show this help

${EXIT_STATUS}
`;

const INFO_HELP = `Usage: tfjs-l2o info FILE [flags]

Says what FILE holds: a theta (a .safetensors file, a model.json or its folder, or an address that begins with http), or the
folder of a meta-training. Nothing in it is executed.

Flags
  --json           print one JSON object instead of text
  -h, --help       show this help

Exit status: 0 done, 1 failed, 2 wrong use.
`;

/** What `tfjs-l2o --help` prints, and `--help` of each command. */
export const HELP: Readonly<Record<HelpTopic, string>> = {
  'overview': OVERVIEW_HELP, 'demo': DEMO_HELP, 'evaluate': EVALUATE_HELP, 'meta-fit': META_FIT_HELP, 'resume': RESUME_HELP, 'flatness': FLATNESS_HELP, 'info': INFO_HELP,
};

import type * as tf from '@tensorflow/tfjs-core';
import {textTable} from '../../report/table.js';
import {formatDuration} from '../../report/format.js';
import {writeFileAtomically} from '../atomic-file.js';
import type {DemoOptions} from '../args.js';
import {useBackend} from '../backend.js';
import {describeEnvironment} from '../environment.js';
import type {ProgressReporter} from '../progress.js';
import {DEMO_DATASETS, demoPlan} from './datasets.js';
import {demoJson} from './json.js';
import {findings, resultTable, type FinishedDemo} from './presentation.js';
import {demoReport} from './report.js';
import {runDemo} from './run-demo.js';

/** What the command needs of the world around it. */
export interface DemoWorld {
  /** Makes the learned optimizer for a run of `numSteps` steps. */
  readonly makeLearned: (numSteps: number) => tf.Optimizer;
  readonly progress: ProgressReporter;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes to stderr. */
  readonly notify: (text: string) => void;
  /** Sets off a table's header. */
  readonly bold: (text: string) => string;
}

/**
 * Runs `tfjs-l2o demo`: trains, writes the report, prints the results.
 *
 * @throws L2OError before any training where the backend cannot be started or the data read.
 */
export async function demoCommand(options: DemoOptions, world: DemoWorld): Promise<void> {
  const start = performance.now();
  const dataset = DEMO_DATASETS[options.dataset];
  const splits = dataset.load();
  const plan = demoPlan(dataset, options.steps);
  const backend = await useBackend(options.backend);
  const reason = backend.notice === undefined ? '' : ` (${backend.notice})`;
  world.notify(`Backend: ${backend.name}${reason}. Data: ${dataset.title}. Seed: ${options.seed}.\n`);

  const result = await runDemo({
    splits,
    plan,
    seed: options.seed,
    makeLearned: world.makeLearned,
    onProgress: (progress) => world.progress.update(progress),
  });
  world.progress.clear();
  const totalSeconds = (performance.now() - start) / 1000;
  const demo: FinishedDemo = {
    options, dataset, splits, plan, environment: describeEnvironment(backend.name), result, totalSeconds,
  };
  writeFileAtomically(options.out, demoReport(demo));
  world.print(options.json ? `${demoJson(demo)}\n` : demoText(demo, world.bold));
}

function demoText(demo: FinishedDemo, bold: (text: string) => string): string {
  const {result, plan, options, totalSeconds} = demo;
  return [
    textTable(resultTable(result.optimizers), bold),
    '',
    `Means over ${result.optimizers[0]!.runs.length} seeds ± 95 % t-interval; ${plan.numSteps} steps each; losses over the whole training set.`,
    ...findings(result),
    `What the learned optimizer knew: ${demo.dataset.familiarity}.`,
    `Done in ${formatDuration(totalSeconds)}. Report: ${options.out}`,
    '',
  ].join('\n');
}

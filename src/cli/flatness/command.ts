import {dispose} from '@tensorflow/tfjs-core';
import {flatnessHtml, flatnessTable, flatnessWarnings, TABLE_NOTE} from '../../flatness/flatness-html.js';
import {disableHigherOrderGradients, enableHigherOrderGradients, hasHigherOrderGradients} from '../../flatness/higher-order-gradients.js';
import {measureFlatness} from '../../flatness/measure-flatness.js';
import {registerWasmTrainingKernels} from '../../kernel/wasm-training.js';
import {formatNumber} from '../../report/format.js';
import {definitionList, section} from '../../report/html-page.js';
import {textTable} from '../../report/table.js';
import {checkWritable, writeFileAtomically} from '../atomic-file.js';
import {useBackend} from '../backend.js';
import {describeEnvironment} from '../environment.js';
import type {ProgressReporter} from '../progress.js';
import type {FlatnessCommandOptions} from './args.js';
import {openModel, readData, readModelFiles, toTensors, type DataFile, type ModelFiles} from './read-files.js';

/** What the command needs of the world around it. */
export interface FlatnessWorld {
  readonly progress: ProgressReporter;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes to stderr. */
  readonly notify: (text: string) => void;
  /** Sets off a table's header. */
  readonly bold: (text: string) => string;
}

/** What the command line named, read and checked. */
export interface PreparedFlatness {
  readonly options: FlatnessCommandOptions;
  readonly files: ModelFiles;
  readonly data: DataFile;
}

/** Reads the files. @throws L2OError where they cannot be read or the report cannot be written. */
export function prepareFlatness(options: FlatnessCommandOptions): PreparedFlatness {
  checkWritable(options.out);
  return {options, files: readModelFiles(options.model), data: readData(options.data)};
}

/** Runs `tfjs-l2o flatness`: measures, writes the report, prints the table. */
export async function flatnessCommand({options, files, data}: PreparedFlatness, {progress, print, notify, bold}: FlatnessWorld): Promise<void> {
  const backend = await useBackend(options.backend), reason = backend.notice === undefined ? '' : ` (${backend.notice})`;
  if (backend.name === 'wasm') registerWasmTrainingKernels();
  const model = await openModel(files, options.model, options.loss), x = toTensors(data.x), y = toTensors(data.y);
  const {measures} = options, isOn = hasHigherOrderGradients();
  try {
    notify(`Backend: ${backend.name}${reason}. Seed: ${measures.seed}.\n`);
    if (measures.hessian === 'exact') enableHigherOrderGradients();
    const report = await measureFlatness(model, x, y, {...measures, onProgress: given => progress.update(given)});
    progress.clear();
    const environment = describeEnvironment(backend.name);
    const source = section('Environment', definitionList([['Model', options.model], ['Data', options.data], ...Object.entries(environment)]));
    writeFileAtomically(options.out, flatnessHtml(report, undefined, [source]));
    print(options.json
      ? `${JSON.stringify({command: 'flatness', environment, model: options.model, data: options.data, ...report, report: options.out})}\n`
      : [
        textTable(flatnessTable(report), bold), '', TABLE_NOTE,
        `Loss ${formatNumber(report.loss)}, norm of the gradient ${formatNumber(report.gradientNorm)}, ${report.numParameters} parameters, ${report.numExamples} examples.`,
        ...flatnessWarnings(report), `Report: ${options.out}`, '',
      ].join('\n'));
  } finally {
    if (!isOn) disableHigherOrderGradients();
    progress.clear();
    dispose([...x, ...y]);
    model.dispose();
  }
}

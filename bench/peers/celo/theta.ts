import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {L2OError} from '../../../src/errors.js';
import {parseNpz} from './npz.js';

/** Environment variable with the folder of Celo's `theta.npz` and `golden.json`. */
export const CELO_FOLDER_VARIABLE = 'TFJS_L2O_CELO';
/** Where that folder is looked for without the variable: beside the repository. */
const DEFAULT_FOLDER = fileURLToPath(new URL('../../../../shared/anchors/celo', import.meta.url));

/** Channels of each feature group, in the order of the first layer's weights. */
const GROUP_CHANNELS = [1, 1, 1, 3, 1, 3, 1, 3, 1, 3, 3, 3, 3, 3] as const;
export const NUM_CHANNELS = 30;
/** Units of each hidden layer of the per-parameter network. */
export const HIDDEN = 4;
export const LSTM_UNITS = 64;
/** Inputs of the schedule: nine of time, nine of the loss. */
export const NUM_GLOBAL_INPUTS = 18;

/** A dense layer: row-major kernel `[inputs, outputs]`. */
export interface Dense {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Celo's weights, apart from two heads that its single bank and its mixing layer leave without effect. */
export interface CeloTheta {
  /** 30 → 4 → 4 → 3; of the outputs the first two are used. */
  readonly network: readonly [Dense, Dense, Dense];
  /** 18 → 64, and its relu added to the output of the next. */
  readonly mixed: Dense;
  /** 18 → 64. */
  readonly direct: Dense;
  /** [inputs, state] 128 → four gates of 64: input, candidate, forget, output. */
  readonly lstm: Dense;
  readonly initialState: {readonly hidden: Float32Array; readonly cell: Float32Array};
  /** 64 → 1. */
  readonly stepSize: Dense;
}

/** The folder of Celo's weights, or `undefined` where there is none. */
export function celoFolder(folder = process.env[CELO_FOLDER_VARIABLE] ?? DEFAULT_FOLDER): string | undefined {
  return existsSync(join(folder, 'theta.npz')) ? folder : undefined;
}

/** Why Celo cannot be run, for reports and skipped tests. */
export const CELO_MISSING = `Celo's published weights are not at hand: set ${CELO_FOLDER_VARIABLE} to a folder with its theta.npz`;

/**
 * Celo's published weights. They are for comparison only, and no part of this package.
 *
 * @throws L2OError 'DATA_MISSING', 'CORRUPT_FILE', or 'INVALID_THETA' where arrays are missing or of other shapes.
 */
export function loadCeloTheta(folder?: string): CeloTheta {
  const found = celoFolder(folder);
  if (found === undefined) throw new L2OError('DATA_MISSING', `Celo: expected theta.npz, got none. ${CELO_MISSING}.`);
  const arrays = parseNpz(readFileSync(join(found, 'theta.npz')));
  const take = (name: string, size: number): Float32Array => {
    const array = arrays.get(name);
    if (array?.values.length === size) return array.values;
    throw new L2OError('INVALID_THETA', `Celo: expected an array '${name}' of ${size} numbers, got ${array?.values.length ?? 'none'}. ` +
      'Use the weights published with the paper.');
  };
  const dense = (name: string, inputs: number, outputs: number): Dense =>
    ({kernel: take(`rnn_params/${name}/w`, inputs * outputs), bias: take(`rnn_params/${name}/b`, outputs)});
  const first = GROUP_CHANNELS.flatMap((channels, group) => [...take(`ff_mod_stack/~/w0__${group}`, channels * HIDDEN)]);
  const bias = (layer: number, outputs: number): Float32Array => take(`ff_mod_stack/~/b${layer}`, outputs);
  return {
    network: [
      {kernel: Float32Array.from(first), bias: bias(0, HIDDEN)},
      {kernel: take('ff_mod_stack/~/w1', HIDDEN * HIDDEN), bias: bias(1, HIDDEN)},
      {kernel: take('ff_mod_stack/~/w2', HIDDEN * 3), bias: bias(2, 3)},
    ],
    mixed: dense('linear_1', NUM_GLOBAL_INPUTS, LSTM_UNITS),
    direct: dense('linear_2', NUM_GLOBAL_INPUTS, LSTM_UNITS),
    lstm: dense('rnn/linear', 2 * LSTM_UNITS, 4 * LSTM_UNITS),
    initialState: {hidden: take('lstm_init_state/hidden', LSTM_UNITS), cell: take('lstm_init_state/cell', LSTM_UNITS)},
    stepSize: dense('step_size', LSTM_UNITS, 1),
  };
}

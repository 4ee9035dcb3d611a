import type {Random} from '../../../random.js';
import {ACTIVATIONS, type Activation} from '../../../rollout/engine-layout.js';
import {drawChoice, drawCount, drawInteger, type NumberRange, type OneOrMore, type OptionCheck} from './option-check.js';
import {INITIALIZATIONS, type Initialization} from './parameters.js';

/** Options that all families of networks share. All are optional; ranges and lists are drawn from anew for each task. */
export interface NetworkOptions {
  /** Hidden activation, or a list: relu, tanh, sigmoid, elu, leakyRelu, softplus. Default: all of them. */
  readonly activation?: OneOrMore<Activation>;
  /** Of the kernels, or a list: glorotUniform, heNormal, lecunNormal. Biases start at 0. Default: all of them. */
  readonly initialization?: OneOrMore<Initialization>;
  /** An integer ≥ 1, or a range. Default `[8, 128]`. */
  readonly batchSize?: NumberRange;
}

/** Options of dense networks. */
export interface DenseOptions extends NetworkOptions {
  /** Number of hidden layers: an integer ≥ 0, or a range of which all are as likely. Default `[1, 3]`. */
  readonly depth?: NumberRange;
  /** Units of each hidden layer: an integer ≥ 1, or a range. Default `[8, 64]`. */
  readonly width?: NumberRange;
}

/** Options that were checked, with their defaults. */
export type Complete<T> = {readonly [K in keyof T]-?: Exclude<T[K], undefined>};

/** Names of {@link NetworkOptions}. */
export const NETWORK_OPTIONS: ReadonlyArray<keyof NetworkOptions> = ['activation', 'initialization', 'batchSize'];
/** Names of {@link DenseOptions}. */
export const DENSE_OPTIONS: ReadonlyArray<keyof DenseOptions> = [...NETWORK_OPTIONS, 'depth', 'width'];

/** @throws L2OError 'INVALID_ARGUMENT'. */
export function completeNetworkOptions(
  check: OptionCheck, {activation = ACTIVATIONS, initialization = INITIALIZATIONS, batchSize = [8, 128]}: NetworkOptions,
): Complete<NetworkOptions> {
  check.choice('activation', activation, ACTIVATIONS);
  check.choice('initialization', initialization, INITIALIZATIONS);
  check.range('batchSize', batchSize, {min: 1, integer: true});
  return {activation, initialization, batchSize};
}

/** @throws L2OError 'INVALID_ARGUMENT'. */
export function completeDenseOptions(check: OptionCheck, options: DenseOptions): Complete<DenseOptions> {
  const {depth = [1, 3], width = [8, 64]} = options;
  check.range('depth', depth, {min: 0, integer: true});
  check.range('width', width, {min: 1, integer: true});
  return {...completeNetworkOptions(check, options), depth, width};
}

/** What one task draws of the shared options. */
export interface DrawnNetwork {
  readonly activation: Activation;
  readonly initialization: Initialization;
  readonly batchSize: number;
}

/** Draws the shared options of one task. */
export function drawNetwork(random: Random, options: Complete<NetworkOptions>): DrawnNetwork {
  return {
    activation: drawChoice(random, options.activation),
    initialization: drawChoice(random, options.initialization),
    batchSize: drawInteger(random, options.batchSize),
  };
}

/** Draws the sizes of the hidden layers, each its own. */
export function drawHidden(random: Random, {depth, width}: Complete<DenseOptions>): number[] {
  return Array.from({length: drawCount(random, depth)}, () => drawInteger(random, width));
}

import type {StateEntry} from '../rule.js';
import {constant, normal, thetaSpec, uniform, type WeightSpec} from '../theta-spec.js';

/** Name by which theta files and `learnedOptimizer({rule})` know this rule. */
export const RULE_NAME = 'scale';
/** Raised whenever a theta trained for an older version would mean something else. */
export const RULE_VERSION = 1;

/** Units of the GRUs: one for each parameter, one for each tensor, one for all. */
export const UNITS = {parameter: 10, tensor: 20, global: 20} as const;
/** A level of the hierarchy. */
export type Level = keyof typeof UNITS;

/** Averages of the gradient, each over twice the time of the one before. */
export const NUM_TIMESCALES = 4;
/** Per parameter: scaled averages, products of neighbours, relative log mean squares, relative log rate. */
export const NUM_FEATURES = NUM_TIMESCALES + (NUM_TIMESCALES - 1) + NUM_TIMESCALES + 1;

/** Scalars of the rule. */
export const CONSTANTS = {
  /** Added to squared gradients. */
  EPSILON_SQUARE: 1e-12,
  /** Added below roots and logarithms of mean squares. */
  EPSILON_ROOT: 1e-16,
  /** Bound of the log rate, both ways. */
  LOG_RATE_LIMIT: 33,
  /** A variable's log rates start uniform between half the logarithms of these, plus a number of the variable drawn alike. */
  INITIAL_RATE_MIN: 1e-6,
  INITIAL_RATE_MAX: 1e-2,
} as const;

/** Weights of one GRU. */
export type GruWeight<L extends Level = Level> = `${L}GateKernel` | `${L}GateBias` | `${L}CandidateKernel` | `${L}CandidateBias`;
/** Weights that bring the state of one level to the gates of a lower one. */
export type LinkWeight<Link extends string = 'tensorToParameter' | 'globalToParameter' | 'globalToTensor'> = `${Link}Kernel` | `${Link}Bias`;
/** What is read out of a parameter's state. */
export type ReadoutWeight =
  | 'directionKernel' | 'directionShortcut' | 'scaleDecayKernel' | 'scaleDecayBias' | 'inputDecayKernel' | 'inputDecayBias'
  | 'rateKernel' | 'rateBias' | 'rateMomentum' | 'rateOffset';
/** Learned states that the GRUs start from. */
export type InitialWeight = 'initialParameter' | 'initialTensor' | 'initialGlobal';
/** All weights of the rule. */
export type ScaleWeight = GruWeight | LinkWeight | ReadoutWeight | InitialWeight;

/** Scale of initial kernels, divided by the root of their number of rows. */
const KERNEL_SCALE = 0.5;
const SHORTCUT_SCALE = 0.1;
/** sigmoid(2.2) = 0.90. */
const GATE_BIAS = 2.2;
const INPUT_DECAY_BIAS = 2.2;
/** sigmoid(3.2) = 0.96. */
const SCALE_DECAY_BIAS = 3.2;
const RATE_MOMENTUM = 3.2;
const RATE_OFFSET = -1;

const kernel = (rows: number): ReturnType<typeof normal> => normal(KERNEL_SCALE / Math.sqrt(rows));

function gru<L extends Level>(level: L, numInputs: number): Array<WeightSpec<GruWeight<L>>> {
  const units = UNITS[level], rows = numInputs + units;
  return [
    [`${level}GateKernel`, [rows, 2 * units], kernel(rows)],
    [`${level}GateBias`, [2 * units], constant(GATE_BIAS)],
    [`${level}CandidateKernel`, [rows, units], kernel(rows)],
    [`${level}CandidateBias`, [units], constant(0)],
  ];
}

function link<Link extends string>(name: Link, from: Level, to: Level): Array<WeightSpec<LinkWeight<Link>>> {
  return [
    [`${name}Kernel`, [UNITS[from], 3 * UNITS[to]], kernel(UNITS[from])],
    [`${name}Bias`, [3 * UNITS[to]], constant(0)],
  ];
}

/** The one table of weights: 8,349 in all. */
export const SPEC = thetaSpec<ScaleWeight>(RULE_NAME, [
  ...gru('parameter', NUM_FEATURES), // 690
  ...gru('tensor', UNITS.parameter + NUM_FEATURES), // 2,580
  ...gru('global', UNITS.tensor), // 2,460
  ...link('tensorToParameter', 'tensor', 'parameter'), // 630
  ...link('globalToParameter', 'global', 'parameter'), // 630
  ...link('globalToTensor', 'global', 'tensor'), // 1,260
  ['directionKernel', [UNITS.parameter], kernel(UNITS.parameter)],
  ['directionShortcut', [NUM_TIMESCALES], normal(SHORTCUT_SCALE / Math.sqrt(NUM_TIMESCALES), 1 / NUM_TIMESCALES)],
  ['scaleDecayKernel', [UNITS.parameter], kernel(UNITS.parameter)],
  ['scaleDecayBias', [1], constant(SCALE_DECAY_BIAS)],
  ['inputDecayKernel', [UNITS.parameter], kernel(UNITS.parameter)],
  ['inputDecayBias', [1], constant(INPUT_DECAY_BIAS)],
  ['rateKernel', [UNITS.parameter], constant(0)],
  ['rateBias', [1], constant(0)],
  ['rateMomentum', [1], constant(RATE_MOMENTUM)],
  ['rateOffset', [1], constant(RATE_OFFSET)],
  ['initialParameter', [UNITS.parameter], uniform(-1, 1)],
  ['initialTensor', [UNITS.tensor], uniform(-1, 1)],
  ['initialGlobal', [UNITS.global], uniform(-1, 1)],
]);

/** State of one variable with `n` elements. */
export type ScaleSlot =
  /** GRU of its parameters, `[10, n]`, and of itself, `[20]`. */
  | 'parameterState' | 'tensorState'
  /** Learned decays, `[n]`, of the averages and of their mean squares. */
  | 'inputDecay' | 'scaleDecay'
  /** `[n]`. */
  | 'logRate'
  /** `[4, n]`. */
  | 'averages' | 'meanSquares';

/** State of all variables together: the global GRU, `[20]`. */
export type ScaleShared = 'globalState';

/** The state, as saved. */
export const STATE: ReadonlyArray<StateEntry<ScaleSlot | ScaleShared>> = [
  ['parameterState', 'parameter', UNITS.parameter], ['inputDecay', 'parameter', 1], ['scaleDecay', 'parameter', 1], ['logRate', 'parameter', 1],
  ['averages', 'parameter', NUM_TIMESCALES], ['meanSquares', 'parameter', NUM_TIMESCALES],
  ['tensorState', 'tensor', UNITS.tensor], ['globalState', 'optimizer', UNITS.global],
];

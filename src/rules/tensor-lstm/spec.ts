/**
 * The one description of the rule `tensor-lstm`: constants, features, sizes and the layout of theta.
 *
 * Everything that runs the rule follows from this file: the tf-ops reference and the plain-JS step import it, and
 * `scripts/build-kernel.ts` writes it out as `kernel/tensor_lstm_layout.h` for the fused kernel and the rollout engine.
 *
 * Per tensor, an LSTM reads {@link GLOBAL_FEATURES} and {@link TENSOR_FEATURES} and emits {@link OUTPUTS}. Per parameter,
 * a network with one hidden layer reads the last of {@link PARAMETER_FEATURES}, beside a linear mix of the first whose
 * weights the LSTM sets. With `x` the parameter features and `o` the outputs:
 *
 *     hidden    = relu(x[FIRST_HIDDEN …] · hiddenKernel + hiddenBias + o.hidden)
 *     direction = clip(x.adam + o.mix · x[… NUM_MIXED] + hidden · headKernel + headBias, ±DIRECTION_CLIP)
 *     direction = 0 where a parameter has never had a gradient (a dead input, an embedding row not yet seen)
 *     rate      = learningRate · exp(clip(log 1e-3 + 2 · o.logStep)) · guard · pace
 *     pace      = min(1, (1 − t / T) / COOLDOWN_SHARE)^cooldown up to a horizon T ≤ HORIZON_KNOWN, else with
 *                 slower = (1 + min(t, TIME_KNOWN) / DECAY_TIME)^(−decay / 2) and beyond = min(1, TIME_KNOWN / t):
 *                 slower · √beyond · (1 − t / T) up to a longer horizon, slower · beyond without one
 *     T         doubles whenever t has reached it: a run that goes on is planned anew
 *     scale     = min(max(rms(p), floor), GROWTH_MAX · max(rms(p) at the first step, floor))
 *     floor     = FLOOR_RELATIVE · (RMS of all parameters at their first step), or FLOOR_ABSOLUTE where that is 0
 *     p        ← p · (1 − min(1, rate · min(scale, 1) · weightDecay)) − rate · scale · direction
 *
 * The normalisers are those of the last step, where they are not free in this one, so that the kernel reads memory once.
 */

/** Name by which theta files and `learnedOptimizer({rule})` know this rule. */
export const RULE_NAME = 'tensor-lstm';
/** Raised whenever a theta trained for an older version would mean something else. */
export const RULE_VERSION = 3;

/** Scalars of the rule, exported to C under the same names. */
export const CONSTANTS = {
  /** Decay of the fast momentum (Adam's beta1). */
  BETA_M1: 0.9,
  /** Decay of the slow momentum. */
  BETA_M2: 0.99,
  /** Decay of the fast second moment, of which only each tensor's mean is kept. */
  BETA_V1: 0.95,
  /** Decay of the slow second moment (Adam's beta2). */
  BETA_V2: 0.999,
  /** Adam's epsilon, an upper bound: see EPSILON_RELATIVE. */
  EPSILON: 1e-7,
  /** Epsilon never exceeds this share of the tensor's own gradient RMS, so tiny gradients are not swamped. */
  EPSILON_RELATIVE: 1e-3,
  /** Features whose range is open are clipped here. */
  FEATURE_CLIP: 5,
  /** Bound of the direction; Adam's own stays below it within 50 steps of its start. */
  DIRECTION_CLIP: 4,
  /** log(1e-3): the untrained rule steps like `tf.train.adam(1e-3)`. */
  LOG_STEP_START: -6.907755278982137,
  /** What one unit of the LSTM's first output means, in log step. */
  LOG_STEP_GAIN: 2,
  LOG_STEP_MIN: -14,
  LOG_STEP_MAX: -1,
  /**
   * A tensor steps as if its RMS were at least this share of the RMS that all parameters of the step had at first, so
   * that zero-initialised tensors move, and as far as the others' scale suggests.
   */
  FLOOR_RELATIVE: 0.2,
  /** The floor itself, where all parameters started at zero (below FLOOR_UNKNOWN). */
  FLOOR_ABSOLUTE: 0.03,
  FLOOR_UNKNOWN: 1e-5,
  /** Steps are relative to the tensor's RMS up to this multiple of its first one: weights that grow cannot grow ever faster. */
  GROWTH_MAX: 32,
  /**
   * The longest run without a horizon that the rule was trained on. The LSTM is told no later time than this, and steps
   * beyond it shrink with 1/t: their sum still grows without bound, but no noise does.
   */
  TIME_KNOWN: 2000,
  /** The longest horizon that the rule is told; to the LSTM a longer one is as none, and the steps' pace alone leads to its end. */
  HORIZON_KNOWN: 4000,
  /** Share of a planned run, at its end, in which steps fall to 0: linearly where theta's exponent `cooldown` is 1, not at all where it is 0. */
  COOLDOWN_SHARE: 0.4,
  /** Steps after which a run without a planned end slows down: like 1/√t where theta's exponent `decay` is 1, not at all where it is 0. */
  DECAY_TIME: 600,
  /** Rise of the smoothed log loss above its minimum that the guard tolerates. */
  GUARD_SLACK: 0.3,
  /** Largest rise that the guard still answers more strongly. */
  GUARD_RANGE: 4,
  /** Rates of the loss averages (fast, slow, slower), of its noise, and of forgetting its minimum. */
  LOSS_FAST: 0.1,
  LOSS_SLOW: 0.02,
  LOSS_SLOWER: 0.005,
  LOSS_NOISE: 0.05,
  LOSS_FORGET: 0.002,
  /** Least noise of the loss, relative to it: below it, differences of averages are rounding. */
  LOSS_NOISE_LEAST: 1e-6,
  /** Added to denominators that may be zero. */
  TINY: 1e-20,
} as const;

/** LSTM inputs that are the same for every tensor of a step. `f` is t/T; 0 where the horizon is unknown or beyond HORIZON_KNOWN. */
export const GLOBAL_FEATURES = [
  'hasHorizon', 'fraction', 'fractionStart', 'logRemaining', 'fractionEnd', 'logHorizon',
  'logTime', 'logTimeLinear', 'inverseRootTime',
  'hasLoss', 'lossTrend', 'lossSurprise', 'lossProgress', 'lossSlope', 'lossRise', 'lossTrendSlow', 'lossNoise',
] as const;

/** LSTM inputs of one tensor. */
export const TENSOR_FEATURES = [
  'gradientBurst', 'cosGradientMomentum', 'cosMomenta', 'snrFast', 'snrSlow', 'varianceTrend', 'growth', 'lastDirection',
  'logSize', 'isMatrix', 'isConv', 'logNumTensors', 'fanRatio', 'isZeroInit', 'meanSnr',
] as const;

/**
 * What the rule knows of one parameter. `tensorGradient` is the gradient relative to the larger of its tensor's RMS now and lately
 * (BETA_V1). The first {@link NUM_MIXED} are mixed straight into the direction; those from
 * {@link FIRST_HIDDEN} on go through the hidden layer.
 */
export const PARAMETER_FEATURES = [
  'tensorGradient', 'tensorMomentum', 'tensorSlowMomentum', 'gradient', 'adam', 'slowAdam', 'parameter', 'variance',
] as const;
export const NUM_MIXED = 7;
export const FIRST_HIDDEN = 3;

export const NUM_INPUTS = GLOBAL_FEATURES.length + TENSOR_FEATURES.length;
export const NUM_HIDDEN = 24;
/** Inputs of the per-parameter network's hidden layer. */
export const NUM_PARAMETER_INPUTS = PARAMETER_FEATURES.length - FIRST_HIDDEN;
export const NUM_PARAMETER_HIDDEN = 4;
/** LSTM outputs: log step, one bias per hidden unit of the per-parameter network, one weight per mixed feature. */
export const OUTPUTS = {logStep: 0, hidden: 1, mix: 1 + NUM_PARAMETER_HIDDEN} as const;
export const NUM_OUTPUTS = 1 + NUM_PARAMETER_HIDDEN + NUM_MIXED;

/** Slots of one parameter, in planes of the variable's size. */
export const PARAMETER_SLOTS = ['m1', 'm2', 'v'] as const;
export const NUM_PARAMETER_SLOTS = PARAMETER_SLOTS.length;

/** Slots of one tensor: LSTM state, then the statistics that the next step normalises by. */
export const TENSOR_SLOTS = {
  h: 0,
  c: NUM_HIDDEN,
  /** Updates that this variable has had: the exponent of its bias corrections. */
  count: 2 * NUM_HIDDEN,
  /** RMS of the variable when it was first seen. */
  initialRms: 2 * NUM_HIDDEN + 1,
  meanSquareM1: 2 * NUM_HIDDEN + 2,
  meanSquareM2: 2 * NUM_HIDDEN + 3,
  meanV1: 2 * NUM_HIDDEN + 4,
  meanV2: 2 * NUM_HIDDEN + 5,
  meanSquareP: 2 * NUM_HIDDEN + 6,
  cosGradientMomentum: 2 * NUM_HIDDEN + 7,
  cosMomenta: 2 * NUM_HIDDEN + 8,
  meanSquareDirection: 2 * NUM_HIDDEN + 9,
} as const;
export const NUM_TENSOR_SLOTS = 2 * NUM_HIDDEN + 10;

/** State of the loss, shared by all tensors of an optimizer. */
export const LOSS_SLOTS = {seen: 0, first: 1, fast: 2, slow: 3, slower: 4, noise: 5, minimum: 6} as const;
export const NUM_LOSS_SLOTS = 7;

/** One weight array of theta. */
export interface ThetaEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

function layOut(entries: ReadonlyArray<readonly [string, readonly number[]]>): ThetaEntry[] {
  let offset = 0;
  return entries.map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const entry = {name, shape, offset, size};
    offset += size;
    return entry;
  });
}

/** Weight arrays of theta in order, row-major. Gates stand in the order input, forget (+1), candidate, output. */
export const THETA_LAYOUT: readonly ThetaEntry[] = layOut([
  ['gateKernel', [NUM_INPUTS + NUM_HIDDEN, 4 * NUM_HIDDEN]],
  ['gateBias', [4 * NUM_HIDDEN]],
  ['outputKernel', [NUM_HIDDEN, NUM_OUTPUTS]],
  ['outputBias', [NUM_OUTPUTS]],
  ['hiddenKernel', [NUM_PARAMETER_INPUTS, NUM_PARAMETER_HIDDEN]],
  ['hiddenBias', [NUM_PARAMETER_HIDDEN]],
  ['headKernel', [NUM_PARAMETER_HIDDEN]],
  ['headBias', [1]],
  ['guard', [1]],
  ['cooldown', [1]],
  ['decay', [1]],
]);

/** Number of floats in theta. */
export const THETA_SIZE = THETA_LAYOUT.reduce((sum, entry) => sum + entry.size, 0);

/** The entry of {@link THETA_LAYOUT} called `name`. */
export function thetaEntry(name: string): ThetaEntry {
  const entry = THETA_LAYOUT.find(e => e.name === name);
  if (entry === undefined) throw new RangeError(`tensor-lstm has no weights called '${name}'`);
  return entry;
}

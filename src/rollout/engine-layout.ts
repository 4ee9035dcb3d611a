/**
 * The one description of what JavaScript and the compiled rollout engine share: `scripts/build-kernel.ts` writes it out
 * as `kernel/rollout_layout.h`.
 */

/** Activations of hidden layers; each derivative follows from the activation's own output. */
export const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'elu', 'leakyRelu', 'softplus'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Activations that a program's instructions may have. */
export const PROGRAM_ACTIVATIONS = [...ACTIVATIONS, 'gelu'] as const;
export type ProgramActivation = (typeof PROGRAM_ACTIVATIONS)[number];

/**
 * Losses by their names in `tf.losses`: `softmaxCrossEntropy` on integer labels, the others on numbers. `evidenceBound` is the
 * `sigmoidCrossEntropy` summed over outputs; a program's `sample` adds the code's divergence.
 */
export const LOSSES = [
  'softmaxCrossEntropy', 'sigmoidCrossEntropy', 'meanSquaredError', 'huberLoss', 'absoluteDifference', 'halfSquaredError', 'evidenceBound',
] as const;
export type LossKind = (typeof LOSSES)[number];

/** Kinds of tasks that the engine can run. */
export const TASK_KINDS = ['dense', 'quadratic', 'lasso', 'rosenbrock', 'rastrigin', 'ackley', 'griewank', 'conv', 'recurrent', 'program'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** What an instruction of a program makes of earlier values; `kernel/program.h` says how. */
export const OPERATIONS = ['input', 'dense', 'position', 'norm', 'activate', 'add', 'attend', 'pool', 'compare', 'sample', 'factors'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Fields of an instruction: what, of which value, tokens and columns of what comes of it, and the operation's own numbers. */
export const INSTRUCTION_FIELDS = [['op', 'int'], ['from', 'int'], ['tokens', 'int'], ['columns', 'int'], ['a', 'int'], ['b', 'int'], ['c', 'int']] as const;

/** How a convolution halves its image. */
export const DOWNSAMPLINGS = ['stride', 'maxPool', 'averagePool'] as const;
export type Downsampling = (typeof DOWNSAMPLINGS)[number];

/** What the dense layer behind convolutions reads. */
export const HEADS = ['flatten', 'globalAverage'] as const;
export type Head = (typeof HEADS)[number];

/** Recurrent cells. */
export const CELLS = ['simple', 'gru', 'lstm'] as const;
export type CellKind = (typeof CELLS)[number];

/** Rules that the engine can run. */
export const ENGINE_RULES = ['tensor-lstm', 'adam', 'sgd', 'lstm-dm', 'rnnprop', 'scale'] as const;
export type EngineRule = (typeof ENGINE_RULES)[number];

/** How the learning rate of `adam` and `sgd` goes: `cosine` falls to 0 at the horizon. */
export const SCHEDULES = ['constant', 'cosine'] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** Parameters that the rules `lstm-dm`, `rnnprop` and `scale` compute side by side. */
export const LANES = 8;

/** Fields of one parameter tensor, 4 bytes each, in order: all that a rule knows of a task. */
export const TENSOR_FIELDS = [['rank', 'int'], ['size', 'int'], ['last', 'int']] as const;

/** Fields of one split of a task's data. */
export const SPLIT_FIELDS = [
  ['inputs', 'const float*'], ['answers', 'const void*'], ['numExamples', 'int'], ['batchSize', 'int'], ['seed', 'unsigned'],
  ['inOrder', 'int'],
] as const;
export type SplitField = (typeof SPLIT_FIELDS)[number][0];

/** Fields of the engine's `rollout` struct, 4 bytes each, in order. Pointers are byte offsets into the engine's memory. */
export const ROLLOUT_FIELDS = [
  // The rule's.
  ['rule', 'int'], ['schedule', 'int'], ['parameterScale', 'int'], ['hasLoss', 'int'], ['step', 'int'],
  ['horizon', 'float'], ['learningRate', 'float'], ['weightDecay', 'float'], ['momentum', 'float'], ['theta', 'const float*'],
  ['slots', 'float*'], ['tensorSlots', 'float*'], ['lossSlots', 'float*'], ['ruleScratch', 'float*'],
  // Shared by both.
  ['numTensors', 'int'], ['numParams', 'int'], ['tensors', 'const tensor_info*'], ['params', 'float*'], ['grads', 'float*'], ['scratch', 'float*'],
  // The task's.
  ['task', 'int'], ['numSizes', 'int'], ['sizes', 'const int*'], ['activation', 'int'], ['lossKind', 'int'], ['strength', 'float'],
  ['scales', 'const float*'],
] as const;
export type RolloutField = (typeof ROLLOUT_FIELDS)[number][0];
/** The splits follow the fields: train, then validation. */
export const ROLLOUT_BYTES = 4 * (ROLLOUT_FIELDS.length + 2 * SPLIT_FIELDS.length);

/**
 * The one description of what JavaScript and the compiled rollout engine share: `scripts/build-kernel.ts` writes it out
 * as `kernel/rollout_layout.h`.
 */

/** Activations of hidden layers; each derivative follows from the activation's own output. */
export const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'elu', 'leakyRelu', 'softplus'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Losses as TF.js computes them: `softmaxCrossEntropy` on integer labels, `meanSquaredError` over batch and outputs. */
export const LOSSES = ['softmaxCrossEntropy', 'meanSquaredError'] as const;
export type LossKind = (typeof LOSSES)[number];

/** Rules that the engine can run. */
export const ENGINE_RULES = ['tensor-lstm', 'adam', 'sgd'] as const;
export type EngineRule = (typeof ENGINE_RULES)[number];

/** Most dense layers that one network may have. */
export const MAX_LAYERS = 8;

/** Fields of the engine's `rollout` struct, 4 bytes each, in order. Pointers are byte offsets into the engine's memory. */
export const ROLLOUT_FIELDS = [
  ['numLayers', 'int'], ['batchSize', 'int'], ['activation', 'int'], ['lossKind', 'int'], ['numExamples', 'int'],
  ['rule', 'int'], ['parameterScale', 'int'], ['hasLoss', 'int'], ['seed', 'unsigned'], ['step', 'int'],
  ['horizon', 'float'], ['learningRate', 'float'], ['weightDecay', 'float'], ['momentum', 'float'],
  ['data', 'const float*'], ['labels', 'const int*'], ['targets', 'const float*'],
  ['params', 'float*'], ['grads', 'float*'], ['scales', 'const float*'],
  ['slots', 'float*'], ['tensorSlots', 'float*'], ['lossSlots', 'float*'], ['scratch', 'float*'],
] as const;
export type RolloutField = (typeof ROLLOUT_FIELDS)[number][0];
/** Layer sizes follow the fields: inputs, then units of each layer. */
export const SIZES_OFFSET = ROLLOUT_FIELDS.length;
export const ROLLOUT_BYTES = 4 * (SIZES_OFFSET + MAX_LAYERS + 1);

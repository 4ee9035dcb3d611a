import {dispose, engine, type NamedTensorMap, type Scalar, type Tensor, type Variable} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import {deathOf, lossOf, REMEDY} from '../kernel/dead-backend.js';

/** A loss and its gradients, which the caller disposes. */
interface Gradients {
  value: Scalar;
  grads: NamedTensorMap;
}

/** The error of a variable whose values are gone, or `undefined` where they are there. */
function unreachable(variable: Variable, cause?: unknown): L2OError | undefined {
  const reason = lossOf(variable);
  if (reason === undefined) return undefined;
  return new L2OError('ENVIRONMENT', `LearnedOptimizer: expected the values of '${variable.name}', got a variable whose backend was ${reason}, and its values with it. ${REMEDY}`, {cause});
}

/**
 * Without its backend a variable reads as zeros on some, and as a TypeError of TF.js's on others.
 * @throws L2OError `ENVIRONMENT` for a variable whose backend has been removed, disposed or lost.
 */
export function assertReachable(variable: Variable): void {
  const error = unreachable(variable);
  if (error !== undefined) throw error;
}

/** @throws L2OError `ENVIRONMENT` where the current backend, which new tensors would be on, is no more. */
export function assertBackend(): void {
  const {backend, backendName} = engine(), reason = deathOf(backend);
  if (reason !== undefined) throw new L2OError('ENVIRONMENT', `LearnedOptimizer: expected a backend to make tensors on, got '${backendName}', which was ${reason}. Choose another one (tf.setBackend) first, and load model and optimizer from where they were last saved.`);
}

/**
 * Computes gradients with respect to variables whose values are there: the forward pass would move what a backend that is gone gives for them
 * to the current one, and train on that.
 *
 * @param variables Where none are listed, the loss tells which it depends on: others may be left over from other models.
 * @throws L2OError `ENVIRONMENT`; what `compute` throws.
 */
export function onReachable(variables: readonly Variable[] | undefined, compute: () => Gradients): Gradients {
  variables?.forEach(assertReachable);
  const lost = variables === undefined ? Object.values(engine().registeredVariables).filter(variable => variable.trainable && lossOf(variable) !== undefined) : [];
  let result: Gradients;
  try {
    result = compute();
  } catch (cause) {
    throw lost.length > 0 ? unreachable(lost[0]!, cause)! : cause;
  }
  const grads = result.grads as Readonly<Record<string, Tensor | null | undefined>>, met = lost.find(({name}) => (grads[name] ?? null) !== null);
  if (met === undefined) return result;
  dispose([result.value, result.grads]);
  throw unreachable(met)!;
}

import {addN, add, dispose, engine, mul, scalar, sum, tidy, type Scalar, type Tensor, type Tensor1D} from '@tensorflow/tfjs-core';
import type {DifferentiableRule} from './differentiable-rule.js';
import {initialState, nextState, tensorsOf, unflatten, type StepInputs, type UnrolledState} from './unrolled-state.js';

/** One step that was made: what it takes to make it again on a tape. */
export interface TracedStep {
  /** Before the step. */
  readonly state: UnrolledState;
  readonly inputs: StepInputs;
}

/** Derivatives of an objective with respect to the tensors of a state; `undefined` where there is none. */
type Cotangents = Array<Tensor | undefined>;

/**
 * The gradient of an objective with respect to theta, through the steps of the rule alone: what the rule was given, gradients and
 * losses, is constant. Goes back step by step, with one step on the tape at a time, so that the tape's memory does not grow with the
 * window.
 *
 * @param steps The window's steps in order.
 * @param pulls Derivatives of the objective with respect to the parameters after 0, 1, … steps, flat; `undefined`: 0.
 * @param fresh Whether the first step's state is a run's first, which may depend on theta.
 * @param into The gradient is added to it, `[theta.size]`.
 */
export function pullBack(
    rule: DifferentiableRule, theta: Tensor1D, steps: readonly TracedStep[], pulls: ReadonlyArray<Float32Array | undefined>, fresh: boolean, into: Float64Array): void {
  const first = steps[0]?.state;
  if (first === undefined) return;
  const shapes = first.params.map(p => p.shape);
  let cotangents: Cotangents = tensorsOf(first).map(() => undefined);
  const back = (inputs: readonly Tensor[], run: () => UnrolledState): void => {
    const found = through([theta, ...inputs], () => tensorsOf(run()), cotangents);
    dispose(cotangents.filter(isTensor));
    const [toTheta, ...rest] = found;
    toTheta?.dataSync<'float32'>().forEach((g, i) => (into[i]! += g));
    toTheta?.dispose();
    cotangents = rest;
  };
  try {
    for (let k = steps.length; k > 0; k--) {
      const {state, inputs} = steps[k - 1]!, pull = pulls[k];
      if (pull !== undefined) cotangents = withPull(cotangents, unflatten(pull, shapes));
      if (cotangents.some(isTensor)) back(tensorsOf(state), () => nextState(rule, theta, state, inputs));
    }
    if (fresh && cotangents.some(isTensor)) back([], () => initialState(rule, theta, first.params));
  } finally {
    dispose(cotangents.filter(isTensor));
  }
}

/** Pulls cotangents of the outputs back to the inputs; the receiver disposes them. */
function through(inputs: readonly Tensor[], run: () => Tensor[], cotangents: Cotangents): Cotangents {
  let found: Cotangents = [];
  tidy(() => {
    const product = (): Scalar => {
      const outputs = run(), terms = cotangents.flatMap((c, i) => (c === undefined ? [] : [sum(mul(outputs[i]!, c))]));
      return terms.length === 0 ? scalar(0) : addN(terms) as Scalar;
    };
    // Missing gradients are zeros: not everything depends on everything. Clones: two inputs may share one gradient.
    found = engine().gradients(product, [...inputs], undefined, true).grads.map(g => (g as Tensor | null)?.clone());
    return found.filter(isTensor);
  });
  return found;
}

/** Adds to the parameters' cotangents; takes over both. */
function withPull(cotangents: Cotangents, pull: readonly Tensor[]): Cotangents {
  return cotangents.map((old, i) => {
    const more = pull[i];
    if (old === undefined || more === undefined) return old ?? more;
    const both = add(old, more);
    dispose([old, more]);
    return both;
  });
}

function isTensor(value: Tensor | undefined): value is Tensor {
  return value !== undefined;
}

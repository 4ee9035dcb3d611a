import {dispose} from '@tensorflow/tfjs-core';
import {sampleTask} from '../../meta/ops-pair.js';
import {openFresh, type FreshTaskPlan, type Trainer} from './fresh-tasks.js';

const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-7;
/** Most tensors that are told apart: as many as a chart has colours, less one for Adam. */
const MAX_TENSORS = 5;
/** What stands for all parameters together. */
const ALL = 'all parameters';

/** A parameter tensor's place among all parameters. */
interface Part {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** Rates of one tensor, by step, from 0. */
export interface StepRates {
  readonly tensor: string;
  /** Medians over the tasks; NaN where no task has one. */
  readonly rates: readonly number[];
}

/**
 * What multiplies Adam's step inside a trained rule: the learning rate at which Adam, fed with the same gradients, would step as
 * far. It is RMS(what the rule adds to a tensor) / RMS(Adam's direction m̂ / (√v̂ + ε) for that tensor), with β₁ = 0.9 and
 * β₂ = 0.999, and does not ask whether both point the same way.
 *
 * @param taskNames Tasks to run, as `openFresh` knows them.
 * @returns The tensors that all tasks have, where those are five at most; else all parameters together.
 */
export function stepRates(plan: FreshTaskPlan, taskNames: readonly string[], trainer: Trainer): StepRates[] {
  const layouts = taskNames.map((name) => layoutOf(plan, name));
  const names = layouts[0]!.map(({name}) => name), isShared = layouts.every((parts) => parts.map(({name}) => name).join() === names.join());
  const tell = isShared && names.length <= MAX_TENSORS;
  const runs = taskNames.map((name, i) => runRates(plan, name, trainer, tell ? layouts[i]! : whole(layouts[i]!)));
  return (tell ? names : [ALL]).map((tensor, t) => ({
    tensor, rates: Array.from({length: plan.numSteps}, (_, step) => median(runs.map((run) => run[t]![step] ?? NaN))),
  }));
}

/** Tensors of a task in the order of its parameters. */
function layoutOf({family, random}: FreshTaskPlan, taskName: string): Part[] {
  const task = sampleTask(family, random.fork(taskName).seed), initial = task.init();
  let start = 0;
  const parts = Object.entries(initial).map(([name, {size}]) => {
    start += size;
    return {name, start: start - size, size};
  });
  dispose(initial);
  task.dispose?.();
  return parts;
}

function whole(parts: readonly Part[]): Part[] {
  return [{name: ALL, start: 0, size: parts.reduce((sum, {size}) => sum + size, 0)}];
}

/** Rates of each part at each step of one run, as far as it came. */
function runRates(plan: FreshTaskPlan, taskName: string, trainer: Trainer, parts: readonly Part[]): number[][] {
  const rollout = openFresh(plan, taskName, trainer), rates = parts.map((): number[] => []), adam = new AdamDirection(parts.at(-1)!.start + parts.at(-1)!.size);
  try {
    rollout.run(plan.numSteps, new Float32Array(plan.numSteps), (gradient, change) => {
      const direction = adam.next(gradient);
      parts.forEach(({start, size}, i) => rates[i]!.push(norm(change.subarray(start, start + size)) / norm(direction.subarray(start, start + size))));
    });
    return rates;
  } finally {
    rollout.dispose();
  }
}

/** Adam's direction along gradients of someone else's run. */
class AdamDirection {
  private readonly m: Float64Array;
  private readonly v: Float64Array;
  private readonly direction: Float64Array;
  private steps = 0;

  constructor(size: number) {
    this.m = new Float64Array(size);
    this.v = new Float64Array(size);
    this.direction = new Float64Array(size);
  }

  next(gradient: Float32Array): Float64Array {
    const {m, v, direction} = this, correction1 = 1 - BETA1 ** ++this.steps, correction2 = 1 - BETA2 ** this.steps;
    gradient.forEach((g, i) => {
      m[i] = BETA1 * m[i]! + (1 - BETA1) * g;
      v[i] = BETA2 * v[i]! + (1 - BETA2) * g * g;
      direction[i] = m[i] / correction1 / (Math.sqrt(v[i] / correction2) + EPSILON);
    });
    return direction;
  }
}

function norm(values: Float32Array | Float64Array): number {
  return Math.sqrt((values as Float64Array).reduce((sum, x) => sum + x * x, 0));
}

function median(values: readonly number[]): number {
  const sorted = values.filter((x) => Number.isFinite(x)).sort((a, b) => a - b), half = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

import {drawRun, type LocatedFamily, type RunPlan} from '../ops-pair.js';
import {taskFlatness, type WindowFlatness} from '../window-flatness.js';
import type {StartUnrolled} from './bptt-estimator.js';
import {differentiableRule} from './differentiable-rule.js';
import {UnrolledRun} from './unrolled-run.js';
import {UnrolledTask} from './unrolled-task.js';

/** Starts runs for backpropagation on tasks of a family: the same tasks, in the same order, that pairs of rollouts would get. */
export function startUnrolled(family: LocatedFamily, plan: RunPlan, flatness?: WindowFlatness): StartUnrolled {
  const rule = differentiableRule(plan.rule), {objective, teacherLearningRate} = plan;
  return (random, range) => {
    const {origin, steps, options: {horizon, hasLoss}, sample} = drawRun(family, random, plan, range);
    return new UnrolledTask(new UnrolledRun(sample(), origin, {rule, horizon, hasLoss}), {
      name: origin.family, steps, rule, objective, teacherLearningRate, flatness: taskFlatness(flatness, random),
    });
  };
}

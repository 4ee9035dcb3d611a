import {Random} from '../random.js';
import {openRollouts} from '../rollout/open-rollout.js';
import type {RolloutOptions} from '../rollout/rollout.js';
import {rejectTask, type TaskOrigin} from '../rollout/task-origin.js';
import type {RuleName} from '../rules/registry.js';
import type {Task, TaskFamily} from '../tasks/task-family.js';
import type {HorizonRange} from './estimator.js';
import type {StartPair} from './estimators.js';
import type {Objective} from './objective.js';
import {rolloutParticle, type FirstLoss, type ParticleExtras} from './particle.js';
import {taskFlatness, type WindowFlatness} from './window-flatness.js';

/** How rollouts on a user's family are drawn. */
export interface HorizonOptions {
  /** The full range; drawn log-uniformly. */
  readonly horizons: HorizonRange;
  /** Share of runs in which the rule is not told the horizon. */
  readonly hideHorizon: number;
  /** Share of runs in which the rule is not shown the loss. */
  readonly hideLoss: number;
}

/** How rollouts on a user's family are run and scored: plain data. */
export interface RunPlan {
  readonly rule: RuleName;
  readonly objective: Objective;
  readonly horizons: HorizonOptions;
  /** Learning rate of the teacher, where there is one. */
  readonly teacherLearningRate?: number | undefined;
}

/** A family and the address of its module, where it has one. */
export interface LocatedFamily {
  readonly family: TaskFamily;
  readonly module: string | undefined;
}

/** One run on a task of a family, drawn but not started. */
export interface DrawnRun {
  readonly origin: TaskOrigin;
  readonly steps: number;
  readonly options: RolloutOptions;
  /** Samples the task anew; each rollout takes one of its own. */
  readonly sample: () => Task;
}

/** Draws a task and how long to run it; depends on nothing but `random`'s seed. @param range What the number of steps is drawn from. */
export function drawRun(
    {family, module}: LocatedFamily, random: Random, {rule, horizons: {hideHorizon, hideLoss}}: Pick<RunPlan, 'rule' | 'horizons'>, range: HorizonRange): DrawnRun {
  const {seed} = random.fork('task'), run = random.fork('run');
  const steps = Math.round(run.logUniform(...range)), hidden = run.chance(hideHorizon), hasLoss = !run.chance(hideLoss);
  const origin: TaskOrigin = {family: family.name, module, seed};
  return {
    origin, steps, options: {rule, learningRate: 1, horizon: hidden ? 0 : steps, hasLoss},
    sample: () => sampleTask({family, module}, seed),
  };
}

/** The task of this seed. @throws L2OError `INVALID_ARGUMENT` where the family does not make one. */
export function sampleTask({family, module}: LocatedFamily, seed: number): Task {
  const origin: TaskOrigin = {family: family.name, module, seed};
  let task: unknown;
  try {
    task = family.sample(new Random(seed));
  } catch (error) {
    rejectTask(origin, 0, `expected sample(random) to return a task, got the error "${String(error)}"`, 'See its cause.', error);
  }
  const fields = typeof task === 'object' && task !== null ? task as Partial<Record<string, unknown>> : {};
  const missing = ['init', 'loss', 'batches'].find(name => typeof fields[name] !== 'function');
  if (missing !== undefined) rejectTask(origin, 0, `expected sample(random) to return a task with a function '${missing}', got a ${typeof fields[missing]}`, 'See the interface TaskFamily.');
  return task as Task;
}

/** Starts pairs of rollouts on tasks of a family: in the compiled engine where its tasks have a compiled form, else by tf ops. */
export function opsPairs(family: LocatedFamily, plan: RunPlan, flatness?: WindowFlatness): StartPair {
  return (random, range) => {
    const {origin, steps, options, sample} = drawRun(family, random, plan, range);
    const first: FirstLoss = {
      value: undefined,
      onMismatch: (one, other) => rejectTask(origin, 0, `expected the same first loss each time the task is sampled, got ${one} and ${other}`, 'Take everything random from the generator that sample(random) is given.'),
    };
    const extras: ParticleExtras = {teacherLearningRate: plan.teacherLearningRate, flatness: taskFlatness(flatness, random)};
    const [plus, minus] = openRollouts(2, sample, origin, options).map(rollout => rolloutParticle(rollout, steps, plan.objective, first, extras));
    const particles = [plus!, minus!] as const;
    return {name: origin.family, steps, particles, dispose: () => particles.forEach(p => p.dispose())};
  };
}

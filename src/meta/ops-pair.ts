import {Random} from '../random.js';
import {OpsRollout} from '../rollout/ops-rollout.js';
import type {RolloutOptions} from '../rollout/rollout.js';
import {rejectTask, type TaskOrigin} from '../rollout/task-origin.js';
import type {Task, TaskFamily} from '../tasks/task-family.js';
import type {Particle, StartPair} from './estimators.js';
import type {Objective} from './objective.js';
import {rolloutParticle, type FirstLoss} from './particle.js';

/** How rollouts on a user's family are drawn. */
export interface HorizonOptions {
  /** Shortest and longest run, in steps; drawn log-uniformly. */
  readonly horizons: readonly [number, number];
  /** Share of runs in which the rule is not told the horizon. */
  readonly hideHorizon: number;
  /** Share of runs in which the rule is not shown the loss. */
  readonly hideLoss: number;
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

/** Draws a task and how long to run it; depends on nothing but `random`'s seed. */
export function drawRun({family, module}: LocatedFamily, random: Random, {horizons, hideHorizon, hideLoss}: HorizonOptions): DrawnRun {
  const {seed} = random.fork('task'), run = random.fork('run');
  const steps = Math.round(run.logUniform(...horizons)), hidden = run.chance(hideHorizon), hasLoss = !run.chance(hideLoss);
  const origin: TaskOrigin = {family: family.name, module, seed};
  return {
    origin, steps, options: {rule: 'tensor-lstm', learningRate: 1, horizon: hidden ? 0 : steps, hasLoss},
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

/** Starts pairs of rollouts by tf ops on tasks of a user's family. */
export function opsPairs(family: LocatedFamily, objective: Objective, horizons: HorizonOptions): StartPair {
  return random => {
    const {origin, steps, options, sample} = drawRun(family, random, horizons);
    const first: FirstLoss = {
      value: undefined,
      onMismatch: (one, other) => rejectTask(origin, 0, `expected the same first loss each time the task is sampled, got ${one} and ${other}`, 'Take everything random from the generator that sample(random) is given.'),
    };
    const start = (): Particle => rolloutParticle(new OpsRollout(sample(), origin, options), steps, objective, first);
    const plus = start();
    try {
      const particles = [plus, start()] as const;
      return {name: origin.family, steps, particles, dispose: () => particles.forEach(p => p.dispose())};
    } catch (error) {
      plus.dispose();
      throw error;
    }
  };
}

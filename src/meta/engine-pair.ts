import type {Random} from '../random.js';
import type {RolloutEngine} from '../rollout/engine.js';
import type {RolloutOptions} from '../rollout/rollout.js';
import type {SampledTask} from '../tasks/sampled-task.js';
import type {HorizonRange} from './estimator.js';
import type {StartPair} from './estimators.js';
import type {Objective} from './objective.js';
import {rolloutParticle, type FirstLoss, type ParticleExtras} from './particle.js';
import {taskFlatness, type WindowFlatness} from './window-flatness.js';

/** Draws a task, with all that is random about it from `random`. @param horizons What its number of steps may be drawn from. */
export type SampleTask = (random: Random, horizons: HorizonRange) => SampledTask;

/** What else is scored of the recipes' runs than losses. */
export interface EngineExtras extends Pick<ParticleExtras, 'teacherLearningRate'> {
  readonly flatness?: WindowFlatness | undefined;
}

/** Starts pairs of rollouts in the compiled engine on tasks that `sampleTask` draws. */
export function enginePairs(engine: RolloutEngine, sampleTask: SampleTask, objective: Objective, {teacherLearningRate, flatness}: EngineExtras = {}): StartPair {
  return (random, range) => {
    const task = sampleTask(random.fork('task'), range), loaded = engine.load(task.problem);
    const {horizon, hasLoss, parameterScale = true} = task, options: RolloutOptions = {rule: 'tensor-lstm', learningRate: 1, horizon, hasLoss, parameterScale};
    const first: FirstLoss = {value: undefined};
    const extras: ParticleExtras = {teacherLearningRate, flatness: taskFlatness(flatness, random)};
    const particle = (): ReturnType<typeof rolloutParticle> => rolloutParticle(engine.start(loaded, options), task.steps, objective, first, extras);
    const particles = [particle(), particle()] as const;
    const dispose = (): void => {
      particles.forEach(p => p.dispose());
      loaded.dispose();
    };
    return {name: task.name, steps: task.steps, particles, dispose};
  };
}

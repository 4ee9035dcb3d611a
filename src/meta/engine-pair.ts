import type {Random} from '../random.js';
import type {RolloutEngine} from '../rollout/engine.js';
import type {RolloutOptions} from '../rollout/rollout.js';
import type {SampledTask} from '../tasks/sampled-task.js';
import type {StartPair} from './estimators.js';
import type {Objective} from './objective.js';
import {rolloutParticle, type FirstLoss} from './particle.js';

/** Starts pairs of rollouts in the compiled engine on tasks that `sampleTask` draws. */
export function enginePairs(engine: RolloutEngine, sampleTask: (random: Random) => SampledTask, objective: Objective): StartPair {
  return random => {
    const task = sampleTask(random.fork('task')), loaded = engine.load(task.problem);
    const {horizon, hasLoss, parameterScale = true} = task, options: RolloutOptions = {rule: 'tensor-lstm', learningRate: 1, horizon, hasLoss, parameterScale};
    const first: FirstLoss = {value: undefined};
    const particle = (): ReturnType<typeof rolloutParticle> => rolloutParticle(engine.start(loaded, options), task.steps, objective, first);
    const particles = [particle(), particle()] as const;
    const dispose = (): void => {
      particles.forEach(p => p.dispose());
      loaded.dispose();
    };
    return {name: task.name, steps: task.steps, particles, dispose};
  };
}

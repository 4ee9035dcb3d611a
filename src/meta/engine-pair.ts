import type {Random} from '../random.js';
import type {LoadedTask, Rollout, RolloutEngine, RolloutOptions} from '../rollout/engine.js';
import type {SampledTask} from '../tasks/mlp-family.js';
import type {Particle, StartPair} from './estimators.js';
import {logLossScore} from './objective.js';

/** Starts pairs of rollouts in the compiled engine on tasks that `sampleTask` draws. */
export function enginePairs(engine: RolloutEngine, sampleTask: (random: Random) => SampledTask): StartPair {
  return random => {
    const task = sampleTask(random.fork('task')), loaded = engine.load(task);
    const options: RolloutOptions = {rule: 'tensor-lstm', learningRate: 1, horizon: task.horizon, hasLoss: task.hasLoss, seed: random.next()};
    const first = {loss: undefined};
    const particles = [engineParticle(engine, loaded, options, first), engineParticle(engine, loaded, options, first)] as const;
    const dispose = (): void => {
      particles.forEach(p => p.dispose());
      loaded.dispose();
    };
    return {name: task.name, steps: task.steps, particles, dispose};
  };
}

/** A particle in the engine. `first` is the loss that both particles of a pair start from. */
function engineParticle(engine: RolloutEngine, loaded: LoadedTask, options: RolloutOptions, first: {loss: number | undefined}): Particle {
  const rollout: Rollout = engine.start(loaded, options);
  let losses = new Float32Array(0);
  return {
    run(theta, steps) {
      if (losses.length < steps) losses = new Float32Array(steps);
      engine.setTheta(theta);
      const made = rollout.run(steps, losses);
      first.loss ??= losses[0]!;
      let total = 0;
      for (let k = 0; k < steps; k++) total += logLossScore(k < made ? losses[k]! : Infinity, first.loss);
      return {objective: total / steps, steps, diverged: made < steps};
    },
    snapshot: () => rollout.snapshot(),
    restore: state => rollout.restore(state as ReturnType<Rollout['snapshot']>),
    dispose: () => rollout.dispose(),
  };
}

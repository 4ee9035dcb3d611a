import type {Rollout, RolloutState} from '../rollout/rollout.js';
import type {Particle} from './estimators.js';
import {scoreWindow, type Objective} from './objective.js';

/** Validation batches that are looked at after each window. */
const VALIDATION_BATCHES = 2;

/** What all particles of a pair start from, once one of them has run. */
export interface FirstLoss {
  /** Loss that scores are relative to. */
  value: number | undefined;
  /** Loss of the first batch. */
  start?: number;
  /** Told where two particles do not start alike. */
  readonly onMismatch?: (one: number, other: number) => void;
}

/** Relative difference of first losses that backends may make by themselves. */
const TOLERANCE = 1e-3;

/** A particle's state between two windows: plain data. */
export interface ParticleState {
  readonly rollout: RolloutState;
  readonly first: number | null;
}

/** The objective that the shipped theta was trained by. */
export const DEFAULT_OBJECTIVE: Objective = {kind: 'logLoss', over: 'mean', on: 'train'};

/**
 * A particle in any engine.
 * @param total Steps of the whole run.
 * @param first Shared by the particles of a pair: they start from the same parameters on the same batches.
 */
export function rolloutParticle(rollout: Rollout, total: number, objective: Objective, first: FirstLoss): Particle {
  let losses = new Float32Array(0), done = 0;
  return {
    run(theta, steps) {
      if (losses.length < steps) losses = new Float32Array(steps);
      rollout.setTheta(theta);
      const validate = objective.on === 'validation';
      if (validate) first.value ??= rollout.evaluate('validation', VALIDATION_BATCHES).loss;
      const made = rollout.run(steps, losses), before = done, diverged = made < steps;
      first.value ??= losses[0]!;
      if (before === 0) agree(first, losses[0]!);
      done += made;
      const validation = validate && !diverged ? rollout.evaluate('validation', VALIDATION_BATCHES).loss : undefined;
      return {objective: scoreWindow(objective, {losses, steps, made, before, total, first: first.value, validation}), steps, diverged};
    },
    snapshot: (): ParticleState => ({rollout: rollout.snapshot(), first: first.value ?? null}),
    restore(state) {
      const {rollout: saved, first: loss} = state as ParticleState;
      rollout.restore(saved);
      done = saved.step;
      first.value = loss ?? undefined;
    },
    dispose: () => rollout.dispose(),
  };
}

function agree(first: FirstLoss, loss: number): void {
  first.start ??= loss;
  if (Math.abs(first.start - loss) > TOLERANCE * Math.abs(first.start)) first.onMismatch?.(first.start, loss);
}

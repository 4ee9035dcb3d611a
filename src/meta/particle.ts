import type {Rollout, RolloutState, StepObserver} from '../rollout/rollout.js';
import type {Particle} from './estimators.js';
import {Teacher, type TeacherState} from './imitation.js';
import {scoreWindow, type Objective} from './objective.js';
import {flatnessPoints, type TaskFlatness} from './window-flatness.js';

/** Validation batches that are looked at after each window. */
export const VALIDATION_BATCHES = 2;

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
  readonly teacher: TeacherState | null;
}

/** What else is scored than losses. */
export interface ParticleExtras {
  readonly flatness?: TaskFlatness | undefined;
  /** Learning rate of the teacher, where there is one. */
  readonly teacherLearningRate?: number | undefined;
}

/**
 * A particle in any engine.
 * @param total Steps of the whole run.
 * @param first Shared by the particles of a pair: they start from the same parameters on the same batches.
 */
export function rolloutParticle(rollout: Rollout, total: number, objective: Objective, first: FirstLoss, {flatness, teacherLearningRate}: ParticleExtras = {}): Particle {
  let losses = new Float32Array(0), done = 0, teacher: Teacher | undefined;
  const hire = (size: number): Teacher => (teacher ??= new Teacher(size, teacherLearningRate!));
  return {
    run(theta, steps, imitation = 0) {
      if (losses.length < steps) losses = new Float32Array(steps);
      rollout.setTheta(theta);
      const validate = objective.on !== 'train', points = flatness === undefined ? [] : flatnessPoints(flatness.flatness, steps), penalties: number[] = [];
      if (objective.on === 'validation') first.value ??= rollout.evaluate('validation', VALIDATION_BATCHES).loss;
      let made = 0, distance = 0;
      const observe: StepObserver | undefined = imitation > 0 && teacherLearningRate !== undefined
        ? (gradient, change) => (distance += hire(gradient.length).compare(gradient, change).distance) : undefined;
      for (const end of [...points.filter(p => p < steps), steps]) {
        const asked = end - made, ran = rollout.run(asked, losses.subarray(made, steps), observe);
        made += ran;
        if (ran < asked) break;
        if (points.includes(end)) penalties.push(flatness!.value(rollout.probe(), done + end));
      }
      const before = done, diverged = made < steps;
      first.value ??= losses[0]!;
      if (before === 0) agree(first, losses[0]!);
      done += made;
      const validation = validate && !diverged ? rollout.evaluate('validation', VALIDATION_BATCHES).loss : undefined;
      const score = scoreWindow(objective, {losses, steps, made, before, total, first: first.value, validation});
      return {objective: score + imitation * distance / steps, steps: made, diverged, ...(flatness !== undefined && {flatness: penalties})};
    },
    snapshot: (): ParticleState => ({rollout: rollout.snapshot(), first: first.value ?? null, teacher: teacher?.snapshot() ?? null}),
    restore(state) {
      const {rollout: saved, first: loss, teacher: taught} = state as ParticleState;
      rollout.restore(saved);
      done = saved.step;
      first.value = loss ?? undefined;
      teacher = undefined;
      if (taught !== null) hire(taught.moment.length).restore(taught);
    },
    dispose: () => rollout.dispose(),
  };
}

function agree(first: FirstLoss, loss: number): void {
  first.start ??= loss;
  if (Math.abs(first.start - loss) > TOLERANCE * Math.abs(first.start)) first.onMismatch?.(first.start, loss);
}

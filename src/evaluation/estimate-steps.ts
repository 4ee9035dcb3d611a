import type {TaskRunner} from './contender.js';
import type {TaskPlan} from './evaluate-task.js';
import {baseline} from './optimizers.js';
import {FIRST_RUNG, HORIZONS, SURVIVORS} from './tuning.js';

/** Horizons in units of T that a tuned constant rate is run for in all, as measured: two or three rates. */
const CONSTANT_RUNS = 9;
const ALL_HORIZONS = HORIZONS.reduce((sum, h) => sum + h, 0);
/** Ours at T, 2T and 4T, and default Adam. */
const OTHER_RUNS = 8;

/** About how many steps one task of `steps` steps takes in all. */
export function estimateSteps(
  steps: number, {baselines, peers, sensitivity}: TaskPlan, {numSeeds, numTuningSeeds}: Pick<TaskRunner, 'numSeeds' | 'numTuningSeeds'>,
): number {
  const shares = baselines.map(kind => {
    const {rates: {length}, hasSchedule} = baseline(kind), most = HORIZONS.at(-1)!;
    const first = length * FIRST_RUNG, {schedule, constant} = SURVIVORS;
    const search = hasSchedule ? ALL_HORIZONS * (first + schedule[1]) : first + constant[1] + most * constant[2];
    return numTuningSeeds * search + numSeeds * (hasSchedule ? ALL_HORIZONS : CONSTANT_RUNS);
  });
  const ours = numSeeds * (OTHER_RUNS + peers.length * ALL_HORIZONS + (sensitivity ? 3 : 0));
  return Math.round(steps * shares.reduce((sum, x) => sum + x, ours));
}

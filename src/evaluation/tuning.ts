import {mean} from '../report/statistics.js';
import type {Baseline} from './optimizers.js';
import {atEnds, smoothedAt, type RunRecord, type RunSpec} from './run-spec.js';
import {byScore, successiveHalving, type Rung, type RungResult} from './successive-halving.js';

/** Horizons, as shares of T, that optimizers are compared over. */
export const HORIZONS = [0.25, 0.5, 1, 2, 4] as const;

/** Steps of a share of T. */
export function share(steps: number, of: number): number {
  return Math.max(1, Math.round(steps * of));
}

/** What tuning one baseline on one task found. */
export interface Tuning {
  /** The best rate by smoothed training loss at each of {@link HORIZONS}, in order. */
  readonly byHorizon: readonly number[];
  /** The best rate by validation loss at T, of those that were run that far. */
  readonly byValidation: number;
  /** Steps that it took. */
  readonly innerSteps: number;
  readonly seconds: number;
}

/** What tuning needs: the task, its seeds, and somebody who makes runs. */
export interface TuningRequest {
  readonly task: number;
  readonly steps: number;
  readonly baseline: Baseline;
  /** Number of seeds that each rate is tried on. */
  readonly numSeeds: number;
  readonly run: (spec: RunSpec) => Promise<RunRecord>;
}

/** Length of the first rung's runs, as a share of a schedule's horizon, or of T. */
export const FIRST_RUNG = 0.25;
/** Candidates that go on from one rung to the next. */
export const SURVIVORS = {constant: [Infinity, 5, 3], schedule: [Infinity, 4]} as const;

/** A rate's means over seeds at the end of a rung. */
interface Score {
  /** Smoothed training loss at each end. */
  readonly ends: ReadonlyMap<number, number>;
  readonly validation: number;
}

/**
 * Tunes a baseline's learning rate on seeds of its own. A constant rate is searched over runs of T/4, T and 4T steps, which
 * tells the best at every horizon; with a schedule each horizon h takes a search of its own, over the first quarter of its
 * runs and then whole ones.
 */
export async function tune(request: TuningRequest): Promise<Tuning> {
  const {steps, baseline: {hasSchedule}} = request, cost = {innerSteps: 0, seconds: 0};
  const horizons = HORIZONS.map(h => share(steps, h));
  const validationAt = (results: ReadonlyArray<RungResult<Score>>): number => {
    const {scores} = results.find(({rung}) => rung.steps === steps)!;
    return byScore(scores.map(({candidate, score}) => ({candidate, score: score.validation})))[0]!;
  };
  if (hasSchedule) {
    const searches = await Promise.all(horizons.map(horizon => search(request, [share(horizon, FIRST_RUNG), horizon], SURVIVORS.schedule, horizon, cost)));
    return {byHorizon: searches.map((results, i) => bestAt(results, horizons[i]!)), byValidation: validationAt(searches[HORIZONS.indexOf(1)]!), ...cost};
  }
  const results = await search(request, [share(steps, FIRST_RUNG), steps, horizons.at(-1)!], SURVIVORS.constant, undefined, cost);
  return {byHorizon: horizons.map(horizon => bestAt(results, horizon)), byValidation: validationAt(results), ...cost};
}

/** The rate with the least loss at a horizon, of those that were run that far in the first rung that goes there. */
function bestAt(results: ReadonlyArray<RungResult<Score>>, horizon: number): number {
  const {scores} = results.find(({rung}) => rung.steps >= horizon)!;
  return byScore(scores.map(({candidate, score}) => ({candidate, score: score.ends.get(horizon)!})))[0]!;
}

/** @param horizon Of the schedule; `undefined` for a constant rate. */
function search(
  {task, steps, baseline: {kind, rates}, numSeeds, run}: TuningRequest, lengths: readonly number[], survivors: readonly number[],
  horizon: number | undefined, cost: {innerSteps: number; seconds: number},
): Promise<Array<RungResult<Score>>> {
  const planned = horizon ?? steps, rungs = lengths.map((length, i): Rung => ({steps: length, survivors: survivors[i]!}));
  const measure = async (learningRate: number, rung: Rung): Promise<Score> => {
    const earlier = horizon === undefined ? HORIZONS.map(h => share(steps, h)).filter(end => end < rung.steps) : [], ends = [...earlier, rung.steps];
    const measureAt = atEnds(ends, planned), validateAt = rung.steps === steps ? [steps] : [];
    const records = await Promise.all(Array.from({length: numSeeds}, (_, i) => run({
      task, optimizer: {kind, learningRate}, seed: `tuning ${i}`, steps: rung.steps, horizon: horizon ?? 0, measureAt, validateAt,
    })));
    for (const {made, seconds} of records) {
      cost.innerSteps += made;
      cost.seconds += seconds;
    }
    return {
      ends: new Map(ends.map(end => [end, mean(records.map(r => smoothedAt(measureAt, r.train, end, planned)))])),
      validation: mean(records.map(r => r.validation[0]?.loss ?? Infinity)),
    };
  };
  return successiveHalving(rates, rungs, measure, score => [...score.ends.values()].at(-1)!);
}

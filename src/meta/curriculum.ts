import type {HorizonRange} from './estimator.js';

/** Horizons that grow with the outer steps, on a scale of logarithms. */
export interface GrowingCurriculum {
  /** Range at the first outer step. */
  readonly from: HorizonRange;
  /** Share of the outer steps after which the full range is reached, above 0, at most 1. */
  readonly over: number;
}

/**
 * Horizons that grow in stages. Theta is judged at the next stage's horizons; where it has improved in a stage and then fails
 * to improve again, the best theta of the stage goes on to the next one. The run ends where a stage does not improve it at all.
 *
 * @see Chen et al. 2020, "Training Stronger Baselines for Learning to Optimize", arXiv 2010.09089, algorithm 1.
 */
export interface StagedCurriculum {
  /** Ranges of the stages before the last one, which is the full range. */
  readonly stages: readonly HorizonRange[];
  /** Judgements that a stage gets at least, ≥ 1. */
  readonly minJudgements: number;
}

/** How the horizons of a meta-training change over its outer steps. */
export type Curriculum = GrowingCurriculum | StagedCurriculum;

/** Where a run stands in its {@link StagedCurriculum}: plain data, for checkpoints. */
export interface StageState {
  readonly stage: number;
  /** Judgements in this stage, and whether one of them found a better theta. */
  readonly judgements: number;
  readonly improved: boolean;
  /** Whether the stage has brought nothing, so that the run is over. */
  readonly stuck: boolean;
}

/** Where every run begins. */
export const FIRST_STAGE: StageState = {stage: 0, judgements: 0, improved: false, stuck: false};

/** What the horizons of new tasks are drawn from, after a share `progress` (0 to 1) of the outer steps. */
export function horizonsAt(curriculum: Curriculum | undefined, full: HorizonRange, {stage}: StageState, progress: number): HorizonRange {
  if (curriculum === undefined) return full;
  if ('stages' in curriculum) return curriculum.stages[stage] ?? full;
  const {from, over} = curriculum, share = Math.min(1, progress / over);
  const between = (low: number, high: number): number => Math.round(low * (high / low) ** share);
  return [between(from[0], full[0]), between(from[1], full[1])];
}

/** What the horizons of held-out tasks are drawn from: the next stage's, else the full range. */
export function judgedHorizons(curriculum: Curriculum | undefined, full: HorizonRange, {stage}: StageState): HorizonRange {
  return curriculum !== undefined && 'stages' in curriculum ? curriculum.stages[stage + 1] ?? full : full;
}

/** The state after one more judgement. @param better Whether it found the best theta of the stage. */
export function afterJudgement(curriculum: StagedCurriculum, {stage, judgements, improved}: StageState, better: boolean): StageState {
  const now: StageState = {stage, judgements: judgements + 1, improved: improved || better, stuck: false};
  // The last stage has the whole rest of the run, which `patience` alone ends.
  if (better || now.judgements < curriculum.minJudgements || stage >= curriculum.stages.length) return now;
  return now.improved ? {...FIRST_STAGE, stage: stage + 1} : {...now, stuck: true};
}

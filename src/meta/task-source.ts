import {Random} from '../random.js';
import {RolloutEngine} from '../rollout/engine.js';
import type {SampledTask} from '../tasks/mlp-family.js';
import {enginePairs} from './engine-pair.js';
import type {StartPair} from './estimators.js';
import {loadFamily} from './family-module.js';
import {scoreHeldOut, type HeldOutScore} from './held-out.js';
import type {Objective} from './objective.js';
import {opsPairs, type HorizonOptions, type LocatedFamily} from './ops-pair.js';

/** Tasks of the compiled engine, from a module that exports `sampleTask`. */
export interface EngineSource {
  readonly kind: 'engine';
  readonly module: string;
  /** Another build of the engine, for experiments. */
  readonly engine: Uint8Array<ArrayBuffer> | undefined;
}

/** How user families are run. */
export interface OpsPlan {
  readonly objective: Objective;
  readonly horizons: HorizonOptions;
  readonly windowSteps: number;
  /** Seed of the held-out tasks. */
  readonly heldOutSeed: number;
}

/** Tasks of users' modules, run by tf ops. */
export interface OpsSource {
  readonly kind: 'ops';
  readonly plan: OpsPlan;
  readonly tasks: string;
  readonly heldOut: string;
}

/** Where tasks come from, in a form that can be sent to a worker. */
export type TaskSource = EngineSource | OpsSource;

/** Tasks that are ready to run in this thread. */
export interface OpenSource {
  readonly families: readonly string[];
  readonly start: StartPair;
  /** Scores theta on the held-out task of this index. */
  heldOut(theta: Float32Array, index: number): HeldOutScore;
}

/** Loads what a source needs. */
export async function openSource(source: TaskSource): Promise<OpenSource> {
  if (source.kind === 'engine') {
    const {sampleTask} = (await import(source.module)) as {sampleTask: (random: Random) => SampledTask};
    return {
      families: [source.module],
      start: enginePairs(RolloutEngine.create(source.engine), sampleTask),
      heldOut: () => {
        throw new RangeError('tasks of the compiled engine are validated by their recipe');
      },
    };
  }
  const tasks = await loadFamily(source.tasks);
  return openFamilies(tasks, source.heldOut === source.tasks ? tasks : await loadFamily(source.heldOut), source.plan);
}

/** Families that are loaded already. */
export function openFamilies(tasks: LocatedFamily, heldOut: LocatedFamily, {objective, horizons, windowSteps, heldOutSeed}: OpsPlan): OpenSource {
  const seeds = new Random(heldOutSeed);
  return {
    families: [tasks.family.name, heldOut.family.name],
    start: opsPairs(tasks, objective, horizons),
    heldOut: (theta, index) => scoreHeldOut(heldOut, seeds.fork(index), theta, windowSteps, objective, horizons),
  };
}

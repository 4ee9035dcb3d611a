import {RolloutEngine} from '../rollout/engine.js';
import {enginePairs, type SampleTask} from './engine-pair.js';
import {loadFamily} from './family-module.js';
import type {Objective} from './objective.js';
import {openFamilies, type OpenSource, type OpsPlan} from './open-families.js';
import {openFlatness, type FlatnessPlan} from './window-flatness.js';

/** Tasks of the compiled engine, from a module that exports `sampleTask`. */
export interface EngineSource {
  readonly kind: 'engine';
  readonly module: string;
  readonly objective: Objective;
  /** Learning rate of the teacher, where there is one. */
  readonly teacherLearningRate: number | undefined;
  /** What is added to the objective of windows. */
  readonly flatness: FlatnessPlan | undefined;
  /** Another build of the engine, for experiments. */
  readonly engine: Uint8Array<ArrayBuffer> | undefined;
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

/** Loads what a source needs. */
export async function openSource(source: TaskSource): Promise<OpenSource> {
  if (source.kind === 'engine') {
    const {sampleTask} = (await import(source.module)) as {sampleTask: SampleTask}, {objective, teacherLearningRate} = source;
    return {
      families: [source.module],
      start: enginePairs(RolloutEngine.create(source.engine), sampleTask, objective, {teacherLearningRate, flatness: openFlatness(source.flatness)}),
      unroll: () => unavailable('cannot be backpropagated through'),
      heldOut: () => unavailable('are validated by their recipe'),
    };
  }
  const tasks = await loadFamily(source.tasks);
  return openFamilies(tasks, source.heldOut === source.tasks ? tasks : await loadFamily(source.heldOut), source.plan, openFlatness(source.plan.flatness));
}

function unavailable(what: string): never {
  throw new RangeError(`tasks of the compiled engine ${what}`);
}

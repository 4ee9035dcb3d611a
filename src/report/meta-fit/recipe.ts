import {L2OError} from '../../errors.js';
import type {Split} from '../../tasks/task-family.js';
import {isRecord} from '../../theta/theta-format.js';

/** What a report needs of the recipe that a result of metaFit carries. */
export interface ReportRecipe {
  readonly seed: number;
  readonly numOuterSteps: number;
  /** Peak of the outer learning rate. */
  readonly learningRate: number;
  /** The longest rollouts, in steps. */
  readonly horizon: number;
  readonly on: Split;
  readonly over: 'mean' | 'final';
  /** Whether the rule is told the horizon, or shown the loss, in any rollout. */
  readonly knowsHorizon: boolean;
  readonly seesLoss: boolean;
  /** All of it, as names and values. */
  readonly entries: ReadonlyArray<readonly [name: string, value: string]>;
}

/** @throws L2OError 'INVALID_ARGUMENT' where the text is no recipe of metaFit. */
export function readRecipe(text: string): ReportRecipe {
  const recipe: unknown = JSON.parse(text);
  if (!isRecord(recipe)) return reject('an object');
  const {horizons: run, objective} = recipe;
  if (!isRecord(run) || !isRecord(objective) || !Array.isArray(run.horizons)) return reject('horizons and an objective');
  return {
    seed: numberOf(recipe, 'seed'), numOuterSteps: numberOf(recipe, 'numOuterSteps'), learningRate: numberOf(recipe, 'learningRate'),
    horizon: Number(run.horizons[1]), on: objective.on === 'validation' ? 'validation' : 'train', over: objective.over === 'final' ? 'final' : 'mean',
    knowsHorizon: numberOf(run, 'hideHorizon') < 1, seesLoss: numberOf(run, 'hideLoss') < 1,
    entries: flatten(recipe),
  };
}

function numberOf(record: Readonly<Record<string, unknown>>, name: string): number {
  const value = record[name];
  return typeof value === 'number' ? value : reject(`a number '${name}'`);
}

/** Nested entries by their paths; what is null, an option left out, is left out. */
function flatten(record: Readonly<Record<string, unknown>>, path = ''): Array<readonly [string, string]> {
  return Object.entries(record).filter(([, value]) => value !== null).flatMap(([name, value]) => {
    if (isRecord(value)) return flatten(value, `${path}${name}.`);
    return [[`${path}${name}`, Array.isArray(value) ? value.join(', ') : String(value)] as const];
  });
}

function reject(expected: string): never {
  throw new L2OError('INVALID_ARGUMENT', `metaFitReport: expected a recipe of metaFit with ${expected}, got another one. Pass the result of metaFit as it is.`);
}

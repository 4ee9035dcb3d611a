import {flatnessTerm} from '../flatness/create-term.js';
import type {FlatnessRegularizer} from '../flatness/flatness-regularizer.js';
import type {FlatnessTerm} from '../flatness/flatness-term.js';
import type {OptionChecks} from '../option-checks.js';
import type {Curriculum} from './curriculum.js';
import type {HorizonRange} from './estimator.js';
import type {Imitation} from './imitation.js';
import type {WindowFlatness} from './window-flatness.js';

const DEFAULT_SHARE = 0.5;

/** Two integers, shortest and longest. */
export function checkHorizons(checks: OptionChecks, name: string, value: unknown): HorizonRange {
  const [low, high, ...rest] = Array.isArray(value) ? value as unknown[] : [];
  const fits = typeof low === 'number' && typeof high === 'number' && rest.length === 0 && Number.isSafeInteger(low) && Number.isSafeInteger(high) && 1 <= low && low <= high;
  return fits ? [low, high] : checks.reject(`${name} must be two integers, 1 ≤ shortest ≤ longest`, value, 'For example [50, 200].');
}

/** `metaFit`'s option `curriculum`. @param full The full range of horizons. */
export function checkCurriculum(checks: OptionChecks, value: unknown, full: HorizonRange): Curriculum | undefined {
  if (value === undefined) return undefined;
  const given = checks.names(value, ['from', 'over', 'stages', 'minJudgements'], 'curriculum');
  const within = (name: string, range: HorizonRange): HorizonRange =>
    (range[0] <= full[0] && range[1] <= full[1] ? range : checks.reject(`${name} must not be longer than horizons`, range, `Horizons are [${full.join(', ')}].`));
  if (given.stages === undefined) {
    checks.names(value, ['from', 'over'], 'curriculum without stages');
    return {from: within('curriculum.from', checkHorizons(checks, 'curriculum.from', given.from)), over: checkShare(checks, 'curriculum.over', given.over)};
  }
  checks.names(value, ['stages', 'minJudgements'], 'curriculum with stages');
  const {stages, minJudgements = 3} = given;
  if (!Array.isArray(stages) || stages.length === 0) return checks.reject('curriculum.stages must be a list of horizons', stages, 'For example [[20, 50], [50, 100]]; the last stage, the full horizons, comes by itself.');
  return {
    stages: stages.map((stage, i) => within(`curriculum.stages[${i}]`, checkHorizons(checks, `curriculum.stages[${i}]`, stage))),
    minJudgements: checks.number('curriculum.minJudgements', minJudgements, {integer: true, min: 1}, 'Leave it out for 3.'),
  };
}

/** `metaFit`'s option `imitation`. */
export function checkImitation(checks: OptionChecks, value: unknown): Imitation | undefined {
  if (value === undefined) return undefined;
  const {weight = 1, over, teacherLearningRate = 0.01} = checks.names(value, ['weight', 'over', 'teacherLearningRate'], 'imitation');
  return {
    weight: checks.number('imitation.weight', weight, {above: 0}, 'Leave it out for 1, or imitation as a whole for none.'),
    over: checkShare(checks, 'imitation.over', over),
    teacherLearningRate: checks.number('imitation.teacherLearningRate', teacherLearningRate, {above: 0}, 'Leave it out for 0.01.'),
  };
}

/** `metaFit`'s options `regularizer` and `regularizeAt`. @param crosses Whether it has to reach workers. */
export function checkRegularizer(checks: OptionChecks, given: unknown, at: unknown, crosses: boolean): WindowFlatness | undefined {
  const value = isRegularizer(given) ? given.term() : given;
  if (value === undefined) return at === undefined ? undefined : checks.reject('regularizeAt must come with a regularizer', at, "For example regularizer: {measure: 'sharpness', strength: 0.1}.");
  const points: unknown = at ?? [1];
  if (!Array.isArray(points) || points.length === 0) return checks.reject('regularizeAt must be a list of shares of a window', points, 'For example [0.5, 1].');
  return {
    term: isFlatnessTerm(value) && !crosses ? value : flatnessTerm(isFlatnessTerm(value) ? value.config : value, "metaFit's regularizer"),
    at: points.map((share, i) => checks.number(`regularizeAt[${i}]`, share, {above: 0, max: 1}, '1 is the end of the window.')),
  };
}

/** Not by class: there may be two copies of this package. */
function isRegularizer(value: unknown): value is FlatnessRegularizer {
  return typeof value === 'object' && value !== null && typeof (value as Partial<FlatnessRegularizer>).term === 'function';
}

function isFlatnessTerm(value: unknown): value is FlatnessTerm {
  if (typeof value !== 'object' || value === null) return false;
  const {value: penalty, gradient, config} = value as Partial<Record<string, unknown>>;
  return typeof penalty === 'function' && typeof gradient === 'function' && typeof config === 'object';
}

function checkShare(checks: OptionChecks, name: string, value: unknown): number {
  return checks.number(name, value ?? DEFAULT_SHARE, {above: 0, max: 1}, `Leave it out for ${DEFAULT_SHARE}.`);
}

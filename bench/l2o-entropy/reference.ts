/** Adam on the unseen tasks, for a sense of scale: with the rate that learns the validation tasks best, as a plain learned rule is trained to, and with the one of the highest accuracy. */
import {mean} from '../../src/report/statistics.js';
import {FIRST_SEED} from './cells.js';
import {train, type Solution} from './judge.js';
import type {Plan} from './protocol.js';
import {judgedTasks, type SuiteName} from './tasks.js';

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1];

/** What Adam reaches, by what its rate was chosen for. */
export function adamReference(plan: Plan): object {
  const validation = RATES.map(rate => ({rate, models: solutions('validation', rate, plan)})), of = (models: readonly Solution[], f: (s: Solution) => number): number => mean(models.map(f));
  const best = (score: (models: readonly Solution[]) => number): number => validation.reduce((a, b) => (score(b.models) < score(a.models) ? b : a)).rate;
  const row = (learningRate: number): object => {
    const models = solutions('unseen', learningRate, plan);
    return {learningRate, testAccuracy: of(models, s => s.testAccuracy), testAccuracyAlong: plan.stops.map((_, i) => of(models, s => s.accuracyAt[i]!)), logTrainLoss: of(models, s => Math.log(s.trainLoss))};
  };
  return {byTrainingLoss: row(best(models => of(models, s => Math.log(s.trainLoss)))), byAccuracy: row(best(models => -of(models, s => s.testAccuracy)))};
}

function solutions(suite: SuiteName, learningRate: number, {numSeeds, stops}: Plan): Solution[] {
  return judgedTasks(suite).flatMap(task => Array.from({length: numSeeds}, (_, i) => train(task, {options: {rule: 'adam', learningRate}}, {seed: FIRST_SEED[suite] + i, stops, withFlatness: false})));
}

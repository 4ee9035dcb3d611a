import {titleOf} from '../../evaluation/optimizers.js';
import type {EvaluationResult} from '../../evaluation/result.js';
import {formatDuration, formatNumber} from '../format.js';
import {othersOf} from './tables.js';

const PLANS = {right: 'the right number of steps', half: 'half of it', double: 'twice as many', omitted: 'nothing'} as const;

/** What an evaluation says, in sentences: the good and the bad alike. */
export function findings(result: EvaluationResult): string[] {
  const {suite, numTasks, numSeeds, unfinished, missing, skipped, divergedRuns, divergedByPlan, tasks, theta, cost} = result;
  const notReached = othersOf(result).flatMap(name => {
    const sentence = (sign: number, what: string): string[] => {
      const list = tasks.filter(({comparisons}) => comparisons[name]!.notReached && Math.sign(Math.log(comparisons[name]!.speedup)) === sign).map(task => task.name);
      return list.length === 0 ? [] : [`Beside ${titleOf(name)}, ${what} is counted: ${list.join('; ')}.`];
    };
    return [
      ...sentence(1, 'our final loss is not reached within four times the steps, and 4'),
      ...sentence(-1, 'ours does not reach the other’s final loss within four times the steps, and 1/4'),
      ...sentence(0, 'neither ends at a finite loss, and 1'),
    ];
  });
  const plans = Object.entries(divergedByPlan).map(([plan, {diverged, numRuns}]) => `${PLANS[plan as keyof typeof PLANS]} ${diverged} of ${numRuns}`);
  const slower = tasks.filter(({comparisons}) => Object.entries(comparisons).some(([name, {speedup: value}]) => name !== 'adamDefault' && value < 1)).map(({name}) => name);
  return [
    `Suite ${suite}: ${numTasks} ${numTasks === 1 ? 'task' : 'tasks'}, ${numSeeds} fresh seeds each; theta ${theta.hash}, untuned.`,
    ...unfinished.length === 0 ? [] : [`Not finished, and in no figure: ${unfinished.join('; ')}.`],
    ...missing.map(({name, reason}) => `${titleOf(name)} did not take part: ${reason}`),
    ...skippedByReason(skipped),
    `Runs of ours that diverged where default Adam's did not: ${divergedRuns}.`,
    `Runs of ours that diverged, longer ones included, by what it is told: ${plans.join(', ')}.`,
    ...slower.length === 0 ? [] : [`Slower than a tuned optimizer or a peer on: ${slower.join('; ')}.`],
    ...notReached,
    `Cost: ${formatNumber(cost.innerSteps)} steps in ${cost.numRuns} runs, ${formatDuration(cost.runSeconds)} of one core; ` +
      `${cost.cachedRuns} of the runs were there already; this call took ${formatDuration(cost.seconds)}.`,
  ];
}

/** A sentence for each reason: many tasks may lack the same data. */
function skippedByReason(skipped: EvaluationResult['skipped']): string[] {
  const reasons = [...new Set(skipped.map(({reason}) => reason))];
  return reasons.map(reason => `Cannot run here, and in no figure: ${skipped.filter(s => s.reason === reason).map(({name}) => name).join('; ')}. ${reason}`);
}

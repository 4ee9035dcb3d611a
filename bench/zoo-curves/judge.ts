import {mean} from '../../src/report/statistics.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {sampleTask} from '../../src/meta/ops-pair.js';
import {Random} from '../../src/random.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';

/** What is judged: a rule with its theta, or Adam. */
export interface Contender {
  readonly name: string;
  readonly options: Pick<RolloutOptions, 'rule' | 'learningRate'>;
  readonly theta?: Float32Array;
}

/** Losses above this count as this. */
const LARGEST = 1e4;

/** Natural logarithms of the training loss at these steps: one curve a task. The same seed gives the same tasks to each contender. */
export function curves(family: TaskFamily, {options, theta}: Contender, seed: number, numTasks: number, stops: readonly number[]): number[][] {
  return Array.from({length: numTasks}, (_, i) => {
    const task = new Random(seed).fork(i).seed, origin = {family: family.name, seed: task};
    const rollout = openRollout(sampleTask({family, module: undefined}, task), origin, {...options, horizon: 0, hasLoss: true});
    try {
      if (theta !== undefined) rollout.setTheta(theta);
      const losses = new Float32Array(stops.at(-1)!);
      let made = 0, alive = true;
      return stops.map(stop => {
        if (alive) {
          const ran = rollout.run(stop - made, losses);
          alive = ran === stop - made;
          made += ran;
        }
        const {loss} = alive ? rollout.evaluate('train', 8) : {loss: Infinity};
        return Math.log(loss < LARGEST ? Math.max(loss, 1e-30) : LARGEST);
      });
    } finally {
      rollout.dispose();
    }
  });
}

/** Rates of Adam that are tried: quarter decades. */
const RATES = Array.from({length: 13}, (_, i) => 10 ** (-3 + i / 4));

/** Adam with the rate of the lowest mean log loss over these steps, on tasks of their own. */
export function tunedAdam(family: TaskFamily, seed: number, numTasks: number, stops: readonly number[]): Contender {
  const scored = RATES.map(rate => {
    const options = {rule: 'adam', learningRate: rate} as const;
    return {options, score: mean(curves(family, {name: 'Adam', options}, seed, numTasks, stops).map(mean))};
  });
  const {options} = scored.reduce((best, s) => (s.score < best.score ? s : best));
  return {name: 'Adam, tuned', options};
}

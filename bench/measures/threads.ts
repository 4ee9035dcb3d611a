import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {median, toDecimals} from '../support/numbers.js';
import {takeTurns, timed, type Effort} from '../support/turns.js';
import {settle} from './contenders.js';

/** What a step of one large variable costs on one thread and on several, in nanoseconds a parameter. */
export interface ThreadsCost {
  readonly numParams: number;
  readonly numThreads: number;
  readonly nsPerParam: number;
  readonly threadedNsPerParam: number;
  /** One thread over several: of the medians, and of the best tenths, which other work on the machine disturbs less. */
  readonly speedUp: number;
  readonly undisturbedSpeedUp: number;
  readonly turns: number;
  /** Why there was one thread, if there was. */
  readonly notices: readonly string[];
}

const START_MS = 300;

/** Measures on the current backend. */
export async function measureThreads(numParams: number, numThreads: number, effort: Effort): Promise<ThreadsCost> {
  const random = new Random(1), gradient = tf.tensor1d(random.normals(numParams, 0.01)), notices: string[] = [];
  const sets = [1, numThreads].map(threads => {
    const optimizer = learnedOptimizer({numSteps: 1000, numThreads: threads, onNotice: notice => void notices.push(notice)});
    const variable = tf.tidy(() => tf.variable(tf.tensor1d(random.normals(numParams, 0.1)))), step = (): void => optimizer.applyGradients([{name: variable.name, tensor: gradient}]);
    const time = timed(step);
    return {
      step,
      turn: async () => {
        const milliseconds = await time();
        // As the next forward pass does, on backends that look at new values only then.
        await settle(variable);
        return milliseconds;
      },
      dispose: () => {
        optimizer.dispose();
        variable.dispose();
      },
    };
  });
  sets.forEach(set => set.step());
  await new Promise(resolve => setTimeout(resolve, START_MS));
  const times = await takeTurns(sets.map(set => set.turn), effort);
  sets.forEach(set => set.dispose());
  gradient.dispose();
  const [one, several] = times.map(median) as [number, number], [oneBest, severalBest] = times.map(bestTenth) as [number, number];
  const ns = (milliseconds: number): number => toDecimals(milliseconds * 1e6 / numParams, 2);
  return {
    numParams, numThreads, nsPerParam: ns(one), threadedNsPerParam: ns(several), speedUp: toDecimals(one / several, 2),
    undisturbedSpeedUp: toDecimals(oneBest / severalBest, 2), turns: times[0]!.length, notices,
  };
}

function bestTenth(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)]!;
}

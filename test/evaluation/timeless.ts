import type {EvaluationResult} from '../../src/index.js';

/** All of a result but its times and what the cache had. */
export function timeless({cost, tasks, ...rest}: EvaluationResult): object {
  const {innerSteps, numRuns, tuningSteps} = cost;
  return JSON.parse(JSON.stringify({...rest, tasks, innerSteps, numRuns, tuningSteps}, (key, value: unknown) => (key === 'seconds' ? 0 : value))) as object;
}

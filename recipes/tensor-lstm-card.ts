/**
 * The figures of the model card: the shipped theta, untuned, against Adam at the best of nine half-decade rates (chosen
 * per task on the very run that counts, which favours Adam), on tasks that neither training nor validation has drawn.
 *
 *     npx tsx recipes/tensor-lstm-card.ts > docs/results/tensor-lstm-card.json
 */
import {bestAdam, runTask, type TaskResult} from '../src/meta/validation.js';
import {Random} from '../src/random.js';
import {RolloutEngine} from '../src/rollout/engine.js';
import type {SampledTask} from '../src/tasks/sampled-task.js';
import {defaultTheta} from '../src/theta/default-theta.js';
import {sampleTask} from './tensor-lstm-family.js';

const SEED = 991, NUM_TASKS = 60;
const HALF_DECADES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1];

const engine = RolloutEngine.create(), theta = defaultTheta();
const tasks = Array.from({length: NUM_TASKS}, (_, i) => sampleTask(new Random(SEED).fork(i)));
const adam = tasks.map(task => bestAdam(engine, task, HALF_DECADES));
const adamDefault = tasks.map(task => runTask(engine, task, {rule: 'adam', learningRate: 1e-3}));
const ours = (change: (task: SampledTask) => Partial<SampledTask>): TaskResult[] =>
  tasks.map(task => runTask(engine, {...task, ...change(task)}, {rule: 'tensor-lstm', learningRate: 1, theta: theta.values}));

const round = (x: number): number => Number(x.toFixed(3));
/** Mean over tasks with its standard error. */
function mean(values: number[]): {mean: number; standardError: number} {
  const average = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length - 1);
  return {mean: round(average), standardError: round(Math.sqrt(variance / values.length))};
}
function compare(results: TaskResult[], peer: TaskResult[]): object {
  return {
    curve: mean(results.map((r, i) => r.curve - peer[i]!.curve)), final: mean(results.map((r, i) => r.final - peer[i]!.final)),
    curveWins: results.filter((r, i) => r.curve < peer[i]!.curve).length, finalWins: results.filter((r, i) => r.final < peer[i]!.final).length,
    diverged: results.filter(r => r.diverged).length, peerDiverged: peer.filter(r => r.diverged).length,
  };
}
const asDrawn = ours(() => ({}));
const LONG = 10_000, longTasks = tasks.slice(0, 24).map(task => ({...task, steps: LONG, hasLoss: true}));
/** Runs ten times as long as any in training: how many end at more than twice the loss that 1,000 steps reach, or diverge. */
function long(horizon: number): object {
  const ends = longTasks.map(task => runTask(engine, {...task, horizon}, {rule: 'tensor-lstm', learningRate: 1, theta: theta.values}));
  const known = longTasks.map(task => runTask(engine, {...task, steps: 1000, horizon: 0}, {rule: 'tensor-lstm', learningRate: 1, theta: theta.values}));
  return {numTasks: ends.length, steps: LONG, final: mean(ends.map(r => r.final)), worse: ends.filter((r, i) => r.final > known[i]!.final + Math.log(2)).length, diverged: ends.filter(r => r.diverged).length};
}
console.log(JSON.stringify({
  theta: theta.hash, numTasks: NUM_TASKS, seed: SEED,
  score: 'log of the loss over the first loss, bounded (src/meta/objective.ts); negative differences favour the learned optimizer',
  againstTunedAdam: compare(asDrawn, adam),
  againstDefaultAdam: compare(asDrawn, adamDefault),
  againstTunedAdamWhere: {
    horizonKnown: compare(ours(t => ({horizon: t.steps})), adam),
    horizonHidden: compare(ours(() => ({horizon: 0})), adam),
    horizonHalf: compare(ours(t => ({horizon: Math.ceil(t.steps / 2)})), adam),
    horizonTwentieth: compare(ours(t => ({horizon: Math.ceil(t.steps / 20)})), adam),
    horizonDouble: compare(ours(t => ({horizon: 2 * t.steps})), adam),
    lossHidden: compare(ours(t => ({horizon: t.steps, hasLoss: false})), adam),
  },
  tenTimesAsLong: {horizonFree: long(0), horizonKnown: long(LONG), horizonTooShort: long(1000)},
  tasks: tasks.map((t, i) => ({
    name: t.name, batchSize: t.problem.splits.train.batchSize, steps: t.steps, horizon: t.horizon,
    finalLoss: Number(asDrawn[i]!.finalLoss.toPrecision(3)), adamFinalLoss: Number(adam[i]!.finalLoss.toPrecision(3)), adamRate: adam[i]!.rate,
    curveDifference: round(asDrawn[i]!.curve - adam[i]!.curve), finalDifference: round(asDrawn[i]!.final - adam[i]!.final),
  })),
}, null, 1));

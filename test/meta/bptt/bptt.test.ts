import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {BpttEstimator} from '../../../src/meta/bptt/bptt-estimator.js';
import {differentiableRule, type DifferentiableRule} from '../../../src/meta/bptt/differentiable-rule.js';
import {startUnrolled} from '../../../src/meta/bptt/start-unrolled.js';
import {initialState, nextState, tensorsOf, tidyState, type UnrolledState} from '../../../src/meta/bptt/unrolled-state.js';
import type {WindowPlan} from '../../../src/meta/estimator.js';
import {Teacher} from '../../../src/meta/imitation.js';
import type {Objective} from '../../../src/meta/objective.js';
import type {RunPlan} from '../../../src/meta/ops-pair.js';
import type {WindowFlatness} from '../../../src/meta/window-flatness.js';
import {Random} from '../../../src/random.js';
import {RULE_NAMES, ruleInfo, type RuleName} from '../../../src/rules/registry.js';
import type {TaskFamily} from '../../../src/tasks/task-family.js';
import {BACKENDS, forEachBackend} from '../../support/backends.js';
import {parameterNorm} from '../parameter-norm.js';

const STEPS = 4, TOTAL = 12, SHAPES: Readonly<Record<string, readonly number[]>> = {w: [2, 3], b: []};
const CURVATURE = [0.5, 1, 2, 4, 0.25, 3, 1.5];

/** Quadratics whose minimum moves with the batch, the same in each task. */
const family: TaskFamily<number> = {
  name: 'moving bowl',
  sample: () => ({
    init: () => Object.fromEntries(Object.entries(SHAPES).map(([name, shape], i) => [name, tf.tensor(new Random(3).fork(i).normals(shape.reduce((a, b) => a * b, 1), 0.5), [...shape])])),
    loss: (params, batch) => tf.tidy(() => {
      const flat = tf.concat(Object.keys(SHAPES).map(name => tf.reshape(params[name]!, [-1])));
      return tf.mean(tf.mul(tf.square(tf.sub(flat, 0.3 * Math.sin(batch))), CURVATURE));
    }),
    *batches(split) {
      for (let k = split === 'train' ? 0 : 1000; ; k++) yield k;
    },
  }),
};

const TRAIN: Objective = {kind: 'logLoss', over: 'mean', on: 'train'};
const planOf = (steps: number, imitation = 0): WindowPlan => ({steps, horizons: [TOTAL, TOTAL], imitation});

/** Drawn weights with noise, so that none of them is 0; steps that bend the objective. */
function thetaOf(rule: RuleName): Float32Array {
  const noise = new Random(5).normals(ruleInfo(rule).thetaSize, 0.05);
  return ruleInfo(rule).initialTheta(new Random(4)).map((x, i) => x + noise[i]!);
}

function estimatorOf(rule: RuleName, options: Partial<RunPlan> = {}, flatness?: WindowFlatness, tasks: TaskFamily = family): BpttEstimator {
  const plan: RunPlan = {rule, objective: TRAIN, horizons: {horizons: [TOTAL, TOTAL], hideHorizon: 0, hideLoss: 0}, ...options};
  return new BpttEstimator({kind: 'bptt', stagger: false}, ruleInfo(rule).thetaSize, new Random(8), startUnrolled({family: tasks, module: undefined}, plan, flatness), [TOTAL, TOTAL]);
}

/** Gradient of the `windows`th window. */
function gradientOf(estimator: BpttEstimator, theta: Float32Array, windows: number, imitation = 0): {gradient: Float32Array; objective: number} {
  for (let k = 1; ; k++) {
    const gradient = new Float32Array(theta.length), {objective} = estimator.window(theta, planOf(STEPS, imitation), gradient);
    if (k === windows) return {gradient, objective};
  }
}

/** What tells a value's tensor from the tape. */
const constant = (x: tf.Tensor): tf.Tensor => tf.tensor(x.dataSync().slice(), x.shape);

interface OracleOptions {
  readonly objective?: Objective;
  readonly norm?: number;
  readonly imitation?: number;
}

/** The same objective of one window with everything on one tape, and the task's gradients taken off it. */
function oracle(name: RuleName, theta: Float32Array, windows: number, {objective = TRAIN, norm = 0, imitation = 0}: OracleOptions = {}): {gradient: Float32Array; objective: number} {
  const rule = differentiableRule(name), task = family.sample(new Random(0)), start = Object.values(task.init()), names = Object.keys(SHAPES);
  const paramsOf = ({params}: UnrolledState): tf.NamedTensorMap => Object.fromEntries(names.map((n, i) => [n, params[i]!]));
  const teacher = new Teacher(CURVATURE.length, 0.01), batchLoss = (state: UnrolledState, batch: number): tf.Scalar => task.loss(paramsOf(state), batch);
  const validation = (state: UnrolledState): tf.Scalar => tf.div(tf.add<tf.Scalar>(batchLoss(state, 1000), batchLoss(state, 1001)), 2);
  const at = {params: start, slots: [], shared: {}}, share = objective.on === 'both' ? 0.5 : 1;
  const first = (objective.on === 'validation' ? validation(at) : batchLoss(at, 0)).dataSync()[0]!;
  const step = (t: tf.Tensor1D, state: UnrolledState, time: number): UnrolledState => {
    const frozen = state.params.map(constant), loss = constant(batchLoss(state, time)).dataSync()[0]!;
    const {grads} = tf.engine().gradients(() => task.loss(Object.fromEntries(names.map((n, i) => [n, frozen[i]!])), time), frozen, undefined, false);
    return nextState(rule, t, state, {gradients: grads.map(constant), time, horizon: TOTAL, shownLoss: loss});
  };
  const score = (loss: tf.Scalar, time: number): tf.Tensor => (objective.kind === 'loss' ? loss : objective.kind === 'logLoss'
    ? tf.log(tf.add(tf.div(loss, first), 0.001)) : tf.div(tf.log(tf.div(loss, Math.abs(first))), time));
  return tf.tidy(() => {
    const run = (t: tf.Tensor1D): tf.Scalar => {
      let state = initialState(rule, t, start), time = 0;
      for (; time < (windows - 1) * STEPS; time++) {
        const next = step(t, state, time);
        teachAlong(state, next, time);
        state = {params: next.params.map(constant), slots: next.slots.map(detach), shared: detach(next.shared)};
      }
      const terms: tf.Tensor[] = [];
      for (; time < windows * STEPS; time++) {
        const next = step(t, state, time);
        if (imitation > 0) terms.push(distanceOf(state, next, time));
        state = next;
        if (objective.on !== 'validation' && (objective.over === 'mean' || time + 1 > TOTAL - 1)) {
          terms.push(tf.mul(share / (objective.over === 'mean' ? STEPS : 1), score(batchLoss(state, time + 1), time + 1)));
        }
      }
      if (objective.on !== 'train') terms.push(tf.mul(share, score(validation(state), time)));
      if (norm > 0) terms.push(tf.mul(norm / 2, tf.addN(state.params.map(p => tf.sum(tf.square(p))))));
      return tf.addN([tf.scalar(0), ...terms.map(x => tf.reshape(x, []))]) as tf.Scalar;
    };
    const detach = (s: UnrolledState['shared']): UnrolledState['shared'] => Object.fromEntries(Object.entries<tf.Tensor>(s).map(([n, x]) => [n, constant(x)]));
    const flat = (tensors: readonly tf.Tensor[]): tf.Tensor => tf.concat(tensors.map(x => tf.reshape(x, [-1])));
    const seen = (state: UnrolledState, time: number): Float32Array => flat(state.params).dataSync<'float32'>().map((p, i) => 2 * CURVATURE[i]! * (p - 0.3 * Math.sin(time)) / CURVATURE.length);
    // Adam's step by the teacher's slope at no step at all: distance 1, slope −2a/‖a‖².
    const adamStep = (state: UnrolledState, time: number): Float32Array => {
      const {slope} = teacher.compare(seen(state, time), new Float32Array(CURVATURE.length)), squares = slope.reduce((sum, s) => sum + s * s, 0);
      return slope.map(s => -2 * s / squares);
    };
    const teachAlong = (state: UnrolledState, _next: UnrolledState, time: number): void => void adamStep(state, time);
    const distanceOf = (state: UnrolledState, next: UnrolledState, time: number): tf.Tensor => {
      const adam = tf.tensor1d(adamStep(state, time)), change = tf.sub(flat(next.params), time % STEPS === 0 ? constant(flat(state.params)) : flat(state.params));
      return tf.mul(imitation / STEPS, tf.div(tf.sum(tf.squaredDifference(change, adam)), tf.sum(tf.square(adam))));
    };
    const {value, grad} = tf.valueAndGrad(t => run(t as tf.Tensor1D))(tf.tensor1d(theta));
    return {gradient: grad.dataSync<'float32'>().slice(), objective: value.dataSync()[0]!};
  });
}

function expectSame(actual: {gradient: Float32Array; objective: number}, expected: {gradient: Float32Array; objective: number}): void {
  const length = Math.hypot(...expected.gradient);
  expect(length).to.be.above(0);
  expect(Math.hypot(...actual.gradient.map((g, i) => g - expected.gradient[i]!))).to.be.below(2e-4 * length);
  expect(actual.objective).to.be.closeTo(expected.objective, 1e-5 * (1 + Math.abs(expected.objective)));
}

describe('BpttEstimator', () => {
  for (const rule of RULE_NAMES) {
    for (const windows of [1, 2]) {
      it(`is backpropagation on one tape with the task's gradients as constants: ${rule}, window ${windows}`, () => {
        const theta = thetaOf(rule), estimator = estimatorOf(rule);
        expectSame(gradientOf(estimator, theta, windows), oracle(rule, theta, windows));
        estimator.dispose();
      });
    }

    it(`has the slope of the objective along its gradient, by differences with frozen task gradients: ${rule}`, () => {
      const theta = thetaOf(rule), estimator = estimatorOf(rule, {objective: {...TRAIN, kind: 'loss'}}), {gradient} = gradientOf(estimator, theta, 1), length = Math.hypot(...gradient);
      const frozen = frozenGradients(rule, theta), distance = 1e-2 * Math.hypot(...theta) / 10;
      const valueAt = (sign: number): number => frozenObjective(rule, theta.map((x, i) => x + sign * distance * gradient[i]! / length), frozen);
      const slope = (valueAt(1) - valueAt(-1)) / (2 * distance);
      expect(slope).to.be.closeTo(length, 0.03 * length);
      estimator.dispose();
    });
  }

  forEachBackend(BACKENDS, () => {
    it('is the same on every backend, in the second window of rnnprop', () => {
      const theta = thetaOf('rnnprop'), estimator = estimatorOf('rnnprop');
      expectSame(gradientOf(estimator, theta, 2), oracle('rnnprop', theta, 2));
      estimator.dispose();
    });
  });

  const OBJECTIVES: ReadonlyArray<readonly [Objective, number]> = [
    [{kind: 'loss', over: 'mean', on: 'train'}, 2], [{kind: 'logPerStep', over: 'mean', on: 'train'}, 2],
    [{kind: 'logLoss', over: 'final', on: 'train'}, 3], [{kind: 'loss', over: 'mean', on: 'validation'}, 2], [{kind: 'logLoss', over: 'final', on: 'validation'}, 3],
    [{kind: 'logLoss', over: 'mean', on: 'both'}, 2],
  ];
  for (const [objective, windows] of OBJECTIVES) {
    it(`scores ${objective.kind}, ${objective.over}, on ${objective.on} data`, () => {
      const theta = thetaOf('rnnprop'), estimator = estimatorOf('rnnprop', {objective});
      expectSame(gradientOf(estimator, theta, windows), oracle('rnnprop', theta, windows, {objective}));
      estimator.dispose();
    });
  }

  it('adds a flatness penalty by its gradient', () => {
    const theta = thetaOf('lstm-dm'), estimator = estimatorOf('lstm-dm', {}, {term: parameterNorm(3), at: [1]});
    expectSame(gradientOf(estimator, theta, 2), oracle('lstm-dm', theta, 2, {norm: 3}));
    estimator.dispose();
  });

  it('adds the distance to the teacher\'s steps by its gradient', () => {
    const theta = thetaOf('lstm-dm'), estimator = estimatorOf('lstm-dm', {teacherLearningRate: 0.01});
    expectSame(gradientOf(estimator, theta, 2, 0.7), oracle('lstm-dm', theta, 2, {imitation: 0.7}));
    estimator.dispose();
  });

  it('goes on from its serialized state bit for bit, across tasks, and holds on to no tensor', () => {
    const before = tf.memory().numTensors;
    for (const rule of RULE_NAMES) {
      const theta = thetaOf(rule), one = estimatorOf(rule, {teacherLearningRate: 0.01}), other = estimatorOf(rule, {teacherLearningRate: 0.01});
      const windows = (estimator: BpttEstimator, count: number): Float32Array => {
        const gradient = new Float32Array(theta.length);
        for (let k = 0; k < count; k++) estimator.window(theta, planOf(5, 0.1), gradient);
        return gradient;
      };
      windows(one, 1);
      const state = structuredClone(one.serialize()), held = tf.memory().numTensors, expected = windows(one, 3);
      expect(tf.memory().numTensors).to.equal(held);
      other.restore(state);
      expect(windows(other, 3)).to.deep.equal(expected);
      one.dispose();
      other.dispose();
    }
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('counts a run whose gradient overflows as diverged, with no part in the gradient', () => {
    const cliff: TaskFamily = {name: 'cliff', sample: () => ({init: () => ({w: tf.ones([1])}), loss: ({w}) => tf.sum<tf.Scalar>(tf.exp(tf.mul(60, w!))), *batches() { for (;;) yield 0; }})};
    const theta = thetaOf('lstm-dm').map(x => 200 * x), estimator = estimatorOf('lstm-dm', {}, undefined, cliff), gradient = new Float32Array(theta.length);
    const windows = [1, 2, 3].map(() => estimator.window(theta, planOf(STEPS), gradient));
    expect(windows.some(w => w.diverged)).to.equal(true);
    expect(windows.every(w => Number.isFinite(w.objective))).to.equal(true);
    expect(gradient.every(Number.isFinite)).to.equal(true);
    estimator.dispose();
  });
});

/** What a rule saw in the first window. */
function frozenGradients(name: RuleName, theta: Float32Array): Array<{gradients: tf.Tensor[]; loss: number}> {
  const seen: Array<{gradients: tf.Tensor[]; loss: number}> = [];
  unrollWith(differentiableRule(name), theta, (params, time) => {
    const gradients = Object.values(gradientAt(params, time));
    seen.push({gradients, loss: lossAt(params, time)});
    return seen.at(-1)!;
  });
  return seen;
}

function frozenObjective(name: RuleName, theta: Float32Array, frozen: ReadonlyArray<{gradients: tf.Tensor[]; loss: number}>): number {
  return unrollWith(differentiableRule(name), theta, (_, time) => frozen[time]!);
}

/** Mean loss after each of a window's steps on what `see` shows the rule. */
function unrollWith(rule: DifferentiableRule, theta: Float32Array, see: (params: readonly tf.Tensor[], time: number) => {gradients: tf.Tensor[]; loss: number}): number {
  const tensor = tf.tensor1d(theta), init = Object.values(family.sample(new Random(0)).init());
  let state = tidyState(() => initialState(rule, tensor, init)), total = 0;
  for (let time = 0; time < STEPS; time++) {
    const {gradients, loss} = see(state.params, time), next = tidyState(() => nextState(rule, tensor, state, {gradients, time, horizon: TOTAL, shownLoss: loss}));
    tf.dispose(tensorsOf(state));
    state = next;
    total += lossAt(state.params, time + 1);
  }
  tf.dispose([tensor, ...init, ...tensorsOf(state)]);
  return total / STEPS;
}

const flatten = (params: readonly tf.Tensor[]): number[] => params.flatMap(p => [...p.dataSync()]);

/** In double precision, for differences. */
function lossAt(params: readonly tf.Tensor[], batch: number): number {
  return flatten(params).reduce((sum, p, i) => sum + CURVATURE[i]! * (p - 0.3 * Math.sin(batch)) ** 2, 0) / CURVATURE.length;
}

function gradientAt(params: readonly tf.Tensor[], batch: number): tf.Tensor[] {
  const flat = flatten(params).map((p, i) => 2 * CURVATURE[i]! * (p - 0.3 * Math.sin(batch)) / CURVATURE.length);
  return params.map(p => tf.tensor(flat.splice(0, p.size), p.shape));
}

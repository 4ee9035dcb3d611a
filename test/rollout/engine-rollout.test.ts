import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {Random} from '../../src/random.js';
import {EngineRollout} from '../../src/rollout/engine-rollout.js';
import {RolloutEngine, threadEngine} from '../../src/rollout/engine.js';
import {openRollout, openRollouts} from '../../src/rollout/open-rollout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions, RolloutState} from '../../src/rollout/rollout.js';
import {delayedGradients} from '../../src/tasks/augment/delayed-gradients.js';
import {noisyGradients} from '../../src/tasks/augment/noisy-gradients.js';
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {compiledFormOf} from '../../src/tasks/compiled-problem.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {convNetFamily} from '../../src/tasks/families/conv-net.js';
import {lassoFamily} from '../../src/tasks/families/lasso.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import {recurrentNetFamily} from '../../src/tasks/families/recurrent-net.js';
import {rosenbrockFamily} from '../../src/tasks/families/rosenbrock.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {useBackend} from '../support/backends.js';

const theta = defaultTheta().values, ORIGIN = {family: 'test tasks', seed: 5};
const mlp = mlpClassificationFamily({numExamples: 60, width: 8, batchSize: 8});
const FAMILIES: Readonly<Record<string, TaskFamily>> = {
  mlp, quadratic: quadraticFamily(), lasso: lassoFamily(), rosenbrock: rosenbrockFamily(), reparametrised: reparametrised()(mlp),
  'conv net': convNetFamily({numExamples: 60, batchSize: 8}), 'recurrent net': recurrentNetFamily({numExamples: 60, batchSize: 8, units: 6}),
};
const RULES: ReadonlyArray<Partial<RolloutOptions>> = [{}, {rule: 'adam', learningRate: 0.01}, {rule: 'sgd', learningRate: 1e-6, momentum: 0.9}];

const optionsOf = (options: Partial<RolloutOptions> = {}): RolloutOptions => ({rule: 'tensor-lstm', learningRate: 1, horizon: 0, hasLoss: true, ...options});

function start(family: TaskFamily, options?: Partial<RolloutOptions>, seed = 1): Rollout {
  const rollout = openRollout(family.sample(new Random(seed)), ORIGIN, optionsOf(options));
  rollout.setTheta(theta);
  return rollout;
}

function run(rollout: Rollout, steps: number): Float32Array {
  const losses = new Float32Array(steps);
  return losses.slice(0, rollout.run(steps, losses));
}

describe('EngineRollout', () => {
  before(() => useBackend('cpu'));

  for (const [name, family] of Object.entries(FAMILIES)) {
    for (const options of RULES) {
      it(`goes on from a snapshot bit for bit, in itself and in another: ${name}, ${options.rule ?? 'tensor-lstm'}`, () => {
        const rollout = start(family, options), other = start(family, options), beginning = rollout.snapshot();
        const first = run(rollout, 7), middle = structuredClone(rollout.snapshot()), then = run(rollout, 7), end = rollout.snapshot();
        expect(first).to.have.length(7);
        other.restore(middle);
        expect(run(other, 7)).to.deep.equal(then);
        expect(other.snapshot()).to.deep.equal(end);
        rollout.restore(beginning);
        expect(run(rollout, 14)).to.deep.equal(Float32Array.of(...first, ...then));
        rollout.dispose();
        other.dispose();
      });
    }

    it(`evaluates and probes without a trace: ${name}`, () => {
      const rollout = start(family), quiet = start(family);
      run(rollout, 3);
      run(quiet, 3);
      const before = rollout.snapshot(), probe = rollout.probe(3), at = probe.parameters();
      rollout.evaluate('train', 2);
      rollout.evaluate('validation');
      const {loss, gradient} = probe.gradient(at.map(x => x + 0.1));
      expect(Number.isFinite(loss) && gradient.some(g => g !== 0)).to.equal(true);
      expect(probe.parameters()).to.deep.equal(at);
      expect(rollout.snapshot()).to.deep.equal(before);
      expect(run(rollout, 5)).to.deep.equal(run(quiet, 5));
    });
  }

  it('runs beside others that have another theta', () => {
    const alone = start(mlp), expected = run(alone, 20), [one, other] = [start(mlp), start(mlp)];
    other.setTheta(theta.map(x => 0.9 * x));
    const got: number[] = [], others: number[] = [];
    for (let k = 0; k < 20; k++) {
      got.push(...run(one, 1));
      others.push(...run(other, 1));
    }
    expect(Float32Array.from(got)).to.deep.equal(expected);
    expect(others).to.not.deep.equal(got);
  });

  it('makes a long window in one piece as in many', () => {
    const whole = run(start(mlp, {rule: 'sgd', learningRate: 1e-3}), 9001), parts = start(mlp, {rule: 'sgd', learningRate: 1e-3});
    expect(whole).to.have.length(9001);
    expect(Float32Array.from([1000, 8001].flatMap(steps => [...run(parts, steps)]))).to.deep.equal(whole);
  });

  it('is good for a probe until it goes on', () => {
    const rollout = start(mlp), probe = rollout.probe();
    run(rollout, 1);
    expect(() => probe.loss(probe.parameters())).to.throw(L2OError, 'expected a probe of step 1, got one that was taken at step 0');
  });

  it('stops where the loss is no longer finite, and tells which', () => {
    const rollout = start(rosenbrockFamily(), {rule: 'sgd', learningRate: 1}), losses = new Float32Array(50), made = rollout.run(50, losses);
    expect(made).to.be.within(1, 10);
    expect(Math.abs(losses[made]!) < 1e30).to.equal(false);
    expect(rollout.snapshot().step).to.equal(made);
    expect(rollout.run(5, losses)).to.equal(0);
  });

  it('stops before a step whose gradient is not finite, and changes nothing', () => {
    // The scale lifts a finite gradient beyond float32.
    const problem = compiledFormOf(quadraticFamily({dimension: 3}).sample(new Random(1)))!();
    const engine = RolloutEngine.create(), rollout = engine.start(engine.load({...problem, scales: new Float32Array(3).fill(3e38)}), optionsOf());
    rollout.setTheta(theta);
    const far = structuredClone(rollout.snapshot()) as {step: number; pieces: Float32Array[]};
    far.pieces[0]!.fill(1e-30);
    rollout.restore(far);
    const losses = new Float32Array(3);
    expect(rollout.run(3, losses)).to.equal(0);
    expect(Number.isFinite(losses[0])).to.equal(true);
    expect(rollout.snapshot()).to.deep.equal(far);
  });

  it('names family, seed and step of a loss that is not finite at the start', () => {
    const far = reparametrised({range: [1e-30, 1e-29]})(rosenbrockFamily({startRadius: 1e25}));
    expect(() => run(start(far), 1)).to.throw(L2OError, /^task family 'test tasks', task seed 5, step 0: expected a loss that is finite at the initial parameters/);
    expect(() => start(far).evaluate('validation')).to.throw(L2OError, /task seed 5, step 0/);
  });

  it('gives memory and tensors back for the next rollouts', () => {
    const engine = threadEngine()!, cycle = (): void => {
      for (const family of Object.values(FAMILIES)) {
        for (let seed = 0; seed < 5; seed++) {
          const rollouts = openRollouts(3, () => family.sample(new Random(seed)), ORIGIN, optionsOf());
          rollouts.forEach(rollout => {
            rollout.setTheta(theta);
            run(rollout, 2);
            rollout.probe().gradient(rollout.probe().parameters());
          });
          rollouts.forEach(rollout => rollout.dispose());
        }
      }
    };
    cycle();
    const {numTensors} = tf.memory(), bytes = engine.memoryBytes;
    for (let k = 0; k < 5; k++) cycle();
    expect(engine.memoryBytes).to.equal(bytes);
    expect(tf.memory().numTensors).to.equal(numTensors);
  });

  it('says so where there is no more memory, and refuses the state of another rollout', () => {
    const engine = RolloutEngine.create(), problem = compiledFormOf(quadraticFamily({dimension: 3}).sample(new Random(1)))!();
    const huge = {...problem, splits: {...problem.splits, train: {...problem.splits.train, inputs: {length: 2 ** 30} as unknown as Float32Array}}};
    expect(() => engine.load(huge)).to.throw(L2OError, /more bytes beside the engine's/).with.property('code', 'ENVIRONMENT');
    const rollout = start(mlp), {step, pieces} = rollout.snapshot();
    expect(() => rollout.restore({step, pieces: pieces.slice(1)})).to.throw(L2OError, 'Restore what a rollout of the same task');
    expect(() => start(mlp, {rule: 'adam'}).restore({step, pieces})).to.throw(L2OError, 'Restore what a rollout of the same task');
    rollout.dispose();
    rollout.dispose();
  });

  it('keeps its state where memory grows beneath it', () => {
    const engine = RolloutEngine.create(), load = (): ReturnType<RolloutEngine['load']> => engine.load(compiledFormOf(mlp.sample(new Random(1)))!());
    const rollout = engine.start(load(), optionsOf()), alone = start(mlp), bytes = engine.memoryBytes;
    rollout.setTheta(theta);
    const got = [...run(rollout, 5)];
    while (engine.memoryBytes < bytes + 1e7) engine.start(load(), optionsOf());
    expect(Float32Array.from([...got, ...run(rollout, 5)])).to.deep.equal(run(alone, 10));
  });

  it('holds data that several tasks share once', () => {
    const engine = RolloutEngine.create(), family = mlpClassificationFamily({data: loadDigits(), width: 4, depth: 1});
    const load = (seed: number): ReturnType<RolloutEngine['load']> => engine.load(compiledFormOf(family.sample(new Random(seed)))!());
    load(0);
    const bytes = engine.memoryBytes;
    for (let seed = 1; seed < 50; seed++) load(seed);
    expect(engine.memoryBytes).to.equal(bytes);
  });
});

describe('openRollout', () => {
  before(() => useBackend('cpu'));

  it('takes the compiled engine for tasks that have a compiled form alone', () => {
    const engineOf = (family: TaskFamily): unknown => {
      const rollout = start(family);
      rollout.dispose();
      return rollout.constructor;
    };
    expect(engineOf(mlp)).to.equal(EngineRollout);
    expect(engineOf(noisyGradients({sigma: 0.1})(mlp))).to.equal(OpsRollout);
    expect(engineOf(delayedGradients({numSteps: 1})(mlp))).to.equal(OpsRollout);
    expect(engineOf(reparametrised()(delayedGradients({numSteps: 1})(mlp)))).to.equal(OpsRollout);
    expect(engineOf(convNetFamily())).to.equal(EngineRollout);
    expect(engineOf(recurrentNetFamily())).to.equal(EngineRollout);
    expect(engineOf({name: 'copy', sample: random => ({...mlp.sample(random)})})).to.equal(OpsRollout);
  });

  it('does not take a changed copy of a task for the task', () => {
    const task = quadraticFamily().sample(new Random(1)), other = {...task, loss: (params: tf.NamedTensorMap) => tf.add<tf.Scalar>(task.loss(params, undefined), 7)};
    const rollout = openRollout(other, ORIGIN, optionsOf());
    expect(rollout).to.be.instanceOf(OpsRollout);
    rollout.dispose();
    expect(() => Object.assign(task, {loss: other.loss})).to.throw(TypeError);
  });
});

describe('a rollout of late gradients', () => {
  before(() => useBackend('cpu'));

  for (const [name, family] of Object.entries({
    'delayed': delayedGradients({numSteps: 3})(mlp),
    'delayed twice, noisy and reparametrised': reparametrised()(delayedGradients({numSteps: 1})(noisyGradients({sigma: 0.1})(delayedGradients({numSteps: 2})(quadraticFamily())))),
  })) {
    it(`goes on from a snapshot bit for bit, in itself and in another: ${name}`, () => {
      for (const steps of [0, 2, 6]) {
        const {numTensors} = tf.memory(), rollout = start(family), other = start(family);
        run(rollout, steps);
        const saved: RolloutState = structuredClone(rollout.snapshot()), then = run(rollout, 6);
        expect(then).to.have.length(6);
        run(other, 1);
        other.restore(saved);
        expect(run(other, 6)).to.deep.equal(then);
        rollout.restore(saved);
        expect(run(rollout, 6)).to.deep.equal(then);
        rollout.dispose();
        other.dispose();
        expect(tf.memory().numTensors).to.equal(numTensors);
      }
    });
  }
});

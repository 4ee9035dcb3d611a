/** The two engines on one task, side by side. */
import {expect} from 'chai';
import {Random} from '../../src/random.js';
import {EngineRollout} from '../../src/rollout/engine-rollout.js';
import {openRollout} from '../../src/rollout/open-rollout.js';
import {OpsRollout} from '../../src/rollout/ops-rollout.js';
import type {Rollout, RolloutOptions} from '../../src/rollout/rollout.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {defaultTheta} from '../../src/theta/default-theta.js';

/** Of the runs that are held against each other. */
export const STEPS = 20;
const theta = defaultTheta().values;

const optionsOf = (options: Partial<RolloutOptions>): RolloutOptions => ({rule: 'tensor-lstm', learningRate: 1, horizon: 0, hasLoss: true, ...options});
const originOf = ({name}: TaskFamily, seed: number): {family: string; seed: number} => ({family: name, seed});

/** A rollout of the task of this seed: in the compiled engine, or by tf ops. */
export function start(family: TaskFamily, seed: number, engine: 'compiled' | 'ops', options: Partial<RolloutOptions> = {}): Rollout {
  const task = family.sample(new Random(seed));
  const rollout = openRollout(engine === 'compiled' ? task : {...task}, originOf(family, seed), optionsOf(options));
  expect(rollout).to.be.instanceOf(engine === 'compiled' ? EngineRollout : OpsRollout);
  rollout.setTheta(theta);
  return rollout;
}

function run(rollout: Rollout, steps = STEPS): Float32Array {
  const losses = new Float32Array(steps);
  return losses.subarray(0, rollout.run(steps, losses));
}

/** Relative to the loss, or to a twentieth of the first: a loss near 0 is a difference of larger terms. */
function expectClose(got: number, expected: number, scale: number, where: string, tolerance = 1e-4): void {
  expect(Math.abs(got - expected), `${where}: ${got} for ${expected}`).to.be.at.most(tolerance * Math.max(Math.abs(expected), 0.05 * scale));
}

/** The same losses over all steps, and the same evaluations. */
export function expectSameRun(family: TaskFamily, seed: number, options: Partial<RolloutOptions>): void {
  const compiled = start(family, seed, 'compiled', options), ops = start(family, seed, 'ops', options);
  const expected = run(ops), got = run(compiled), scale = Math.abs(expected[0]!);
  expect(expected).to.have.length(STEPS);
  expect(got).to.have.length(STEPS);
  expected.forEach((loss, k) => expectClose(got[k]!, loss, scale, `seed ${seed}, step ${k}`));
  for (const split of ['train', 'validation'] as const) {
    const ours = compiled.evaluate(split, 3), theirs = ops.evaluate(split, 3);
    expectClose(ours.loss, theirs.loss, scale, `seed ${seed}, ${split}`);
    if (theirs.accuracy !== undefined) expect(ours.accuracy, split).to.be.closeTo(theirs.accuracy, 1e-6);
  }
  compiled.dispose();
  ops.dispose();
}

/** The same losses and gradients at the start and around it. Coordinates of hundreds leave float32 an angle to 3e-5. */
export function expectSameGradients(family: TaskFamily, seeds: readonly number[], tolerance = 1e-4): void {
  for (const seed of seeds) {
    const [ours, theirs] = (['compiled', 'ops'] as const).map(engine => start(family, seed, engine).probe(2)), random = new Random(seed);
    const at = theirs!.parameters();
    expect(ours!.parameters()).to.deep.equal(at);
    expect(ours!.shapes).to.deep.equal(theirs!.shapes);
    for (const point of [at, at.map(x => x * (1 + 0.1 * random.normal()))]) {
      const got = ours!.gradient(point), expected = theirs!.gradient(point);
      expectClose(got.loss, expected.loss, 0, `seed ${seed}, loss`, 1e-5);
      expectClose(ours!.loss(point), expected.loss, 0, `seed ${seed}, loss alone`, 1e-5);
      const difference = Math.hypot(...got.gradient.map((g, i) => g - expected.gradient[i]!));
      expect(difference, `seed ${seed}, gradient`).to.be.below(tolerance * Math.hypot(...expected.gradient));
    }
  }
}

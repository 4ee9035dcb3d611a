import * as tf from '@tensorflow/tfjs-core';
// Brings the gradients.
import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import celo from '../../../bench/peers/celo.js';
import {factoredAxes} from '../../../bench/peers/celo/factored-axes.js';
import {parseNpz} from '../../../bench/peers/celo/npz.js';
import {CELO_MISSING, celoFolder, loadCeloTheta} from '../../../bench/peers/celo/theta.js';
import {L2OError} from '../../../src/errors.js';
import {OpsRollout} from '../../../src/rollout/ops-rollout.js';

type Nested = number | readonly Nested[];
interface Golden {
  readonly T: number;
  readonly params0: readonly Nested[];
  readonly steps: ReadonlyArray<{readonly loss: number; readonly grads: readonly Nested[]; readonly lr_mult: number; readonly params: readonly Nested[]}>;
}

/** A few units in the last place of float32 numbers up to 2.4. */
const TOLERANCE = 5e-7;
const flat = (nested: Nested): number[] => (typeof nested === 'number' ? [nested] : nested.flatMap(flat));

describe('Celo as a peer', () => {
  const folder = celoFolder();

  describe(folder === undefined ? `with its published weights (skipped: ${CELO_MISSING})` : 'with its published weights', () => {
    before(function () {
      if (folder === undefined) this.skip();
    });

    const golden = (): Golden => JSON.parse(readFileSync(join(folder!, 'golden.json'), 'utf8')) as Golden;
    /** A stepper on the golden parameters, stepped over the given range of the golden steps. */
    const start = ({T, params0}: Golden): {variables: tf.Variable[]; stepper: ReturnType<typeof celo.createStepper>} => {
      const variables = tf.tidy(() => params0.map(values => tf.variable(tf.tensor(values as tf.TensorLike))));
      return {variables, stepper: celo.createStepper(variables, {horizon: T})};
    };
    const run = ({variables, stepper}: ReturnType<typeof start>, steps: Golden['steps']): void => {
      for (const {loss, grads} of steps) {
        tf.tidy(() => {
          const gradients = Object.fromEntries(variables.map((v, i) => [v.name, tf.tensor(grads[i] as tf.TensorLike)]));
          expect(stepper.step(gradients, tf.scalar(loss), loss)).to.be.true;
        });
      }
    };
    const valuesOf = (variables: readonly tf.Variable[]): number[][] => variables.map(v => [...v.dataSync()]);

    it('makes the steps that its authors\' code makes', () => {
      const g = golden(), before = tf.memory().numTensors, run0 = start(g);
      for (const step of g.steps) {
        run(run0, [step]);
        step.params.forEach((expected, i) => {
          const values = [...run0.variables[i]!.dataSync()];
          flat(expected).forEach((value, j) => expect(values[j]).to.be.closeTo(value, TOLERANCE));
        });
      }
      run0.stepper.dispose();
      tf.dispose(run0.variables);
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('goes on from a snapshot as if nothing had been', () => {
      const g = golden(), whole = start(g), halves = start(g);
      run(whole, g.steps);
      run(halves, g.steps.slice(0, 3));
      const other = {variables: halves.variables, stepper: celo.createStepper(halves.variables, {horizon: g.T})};
      other.stepper.restore(halves.stepper.snapshot(), 3);
      run(other, g.steps.slice(3));
      expect(valuesOf(halves.variables)).to.deep.equal(valuesOf(whole.variables));
      tf.dispose([...whole.variables, ...halves.variables]);
    });

    it('trains through the one rollout, scalars and parameters without gradient among its variables', () => {
      const before = tf.memory().numTensors;
      const rollout = new OpsRollout({
        init: () => ({w: tf.ones([3, 2]), b: tf.scalar(1), dead: tf.zeros([2])}),
        loss: ({w, b, dead}) => tf.add(tf.add(tf.sum(tf.square(w!)), tf.square(b!)), tf.mul(0, tf.sum(dead!))),
        *batches() {
          for (;;) yield undefined;
        },
      }, {family: 'bowl', seed: 0}, {
        rule: 'adam', learningRate: 0, horizon: 200, hasLoss: true,
      }, (variables, options) => celo.createStepper(variables, options));
      const losses = new Float32Array(200);
      expect(rollout.run(200, losses)).to.equal(200);
      expect(losses[199]).to.be.below(0.5 * losses[0]!);
      expect([...rollout.parameters().dead!].every(x => Math.abs(x) < 1e-3)).to.be.true;
      rollout.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('refuses to run without a horizon', () => {
      expect(() => celo.createStepper([], {horizon: 0})).to.throw(L2OError, 'horizon').with.property('code', 'INVALID_ARGUMENT');
    });

    it('reads the archive whole, or not at all', () => {
      const arrays = parseNpz(readFileSync(join(folder!, 'theta.npz')));
      expect([...arrays.values()].reduce((sum, {values}) => sum + values.length, 0)).to.equal(37_089);
      expect(() => parseNpz(readFileSync(join(folder!, 'theta.npz')).subarray(0, 5000))).to.throw(L2OError).with.property('code', 'CORRUPT_FILE');
    });
  });

  it('says what to do where the weights are missing', () => {
    expect(() => loadCeloTheta('/nowhere')).to.throw(L2OError, 'TFJS_L2O_CELO').with.property('code', 'DATA_MISSING');
  });
});

describe('the factored axes', () => {
  it('are the two largest, the later of equal ones the larger', () => {
    const square = factoredAxes([2, 2]);
    expect([[...square.rowOf], [...square.columnOf]]).to.deep.equal([[0, 0, 1, 1], [0, 1, 0, 1]]);
    const tall = factoredAxes([3, 2]);
    expect([[...tall.rowOf], [...tall.columnOf]]).to.deep.equal([[0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]]);
    expect([...tall.groupOf]).to.deep.equal([0, 0]);
  });

  it('leave the other axes of a convolution\'s kernel whole', () => {
    const {numRows, numColumns, numGroups, rowOf, columnOf, groupOf} = factoredAxes([2, 2, 3, 4]);
    expect([numRows, numColumns, numGroups]).to.deep.equal([12, 16, 4]);
    expect([rowOf[4], columnOf[4], groupOf[1]]).to.deep.equal([1, 0, 0]);
    expect([rowOf.at(-1), columnOf.at(-1), groupOf.at(-1)]).to.deep.equal([11, 15, 3]);
  });

  it('of a vector make each element a row of its own', () => {
    expect([...factoredAxes([3]).rowOf]).to.deep.equal([0, 1, 2]);
    expect(factoredAxes([]).numRows).to.equal(1);
  });
});

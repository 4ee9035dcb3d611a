import * as tf from '@tensorflow/tfjs-core';
import {CustomCallback} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {learnedOptimizer, type LearnedOptimizer} from '../../src/index.js';
import {selectRunner} from '../../src/kernel/select-runner.js';
import {lstmDm} from '../../src/rules/lstm-dm.js';
import {Random} from '../../src/random.js';
import {apply, Bowl, minimize} from '../contract/bowl.js';
import {mlp} from '../contract/tasks.js';
import {compiled, copyState, expectClose, expectDifferent, expectSame, weightsOf} from '../contract/training.js';
import {useBackend} from '../support/backends.js';

const SHAPES = [[4, 3], [5], [], [0], [2, 1, 3]];

interface NodeBackend {
  isGPUPackage: boolean;
  readSync(dataId: object): unknown;
}

function nodeBackend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

/** The data that `run` reads out of TensorFlow. */
function readsOf(run: () => void): object[] {
  const instance = nodeBackend(), reads: object[] = [], real = instance.readSync.bind(instance);
  instance.readSync = dataId => {
    reads.push(dataId);
    return real(dataId);
  };
  try {
    run();
  } finally {
    instance.readSync = real;
  }
  return reads;
}

/** Steps by an optimizer, and by one that knows no more than what is saved before each step: it reads every value. */
class Pair {
  readonly bowls = [new Bowl(SHAPES, 1), new Bowl(SHAPES, 1)] as const;
  private readonly kept = learnedOptimizer({numSteps: 50, weightDecay: 0.1});
  private fresh = learnedOptimizer({numSteps: 50, weightDecay: 0.1});
  private time = 0;

  async step(count = 3): Promise<void> {
    for (const end = this.time + count; this.time < end; this.time++) {
      minimize(this.kept, this.bowls[0], this.time, this.time + 1);
      const next = learnedOptimizer({numSteps: 50, weightDecay: 0.1});
      await copyState(this.fresh, next);
      this.fresh.dispose();
      this.fresh = next;
      minimize(next, this.bowls[1], this.time, this.time + 1);
    }
  }

  /** Does the same to the variables of both. */
  change(how: (variables: tf.Variable[]) => void): void {
    this.bowls.forEach(({variables}) => how(variables));
  }

  expectSame(): void {
    expectSame(this.bowls[0].values(), this.bowls[1].values());
  }

  dispose(): void {
    [this.kept, this.fresh].forEach(o => o.dispose());
    this.bowls.forEach(b => b.dispose());
  }
}

describe('the node backend', () => {
  before(() => useBackend('node'));
  after(() => useBackend('cpu'));

  it('is read for gradients, and never again for values that the optimizer itself has made', () => {
    const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(), ids = (): object[] => bowl.variables.filter(v => v.size > 0).map(v => v.dataId);
    const first = ids();
    expect(readsOf(() => apply(optimizer, bowl, 0))).to.include.members(first);
    for (let step = 1; step < 4; step++) {
      const values = ids(), reads = readsOf(() => apply(optimizer, bowl, step));
      expect(reads).to.have.lengthOf(values.length);
      expect(reads).to.not.include.members(values);
    }
    bowl.variables[1]!.assign(tf.tidy(() => tf.ones([5])));
    const assigned = bowl.variables[1]!.dataId;
    expect(readsOf(() => apply(optimizer, bowl, 4)).filter(id => id === assigned)).to.have.lengthOf(1);
    optimizer.dispose();
    bowl.dispose();
  });

  it('steps from what the user has assigned, taken back, or left to another optimizer', async () => {
    const before = tf.memory().numTensors, pair = new Pair();
    await pair.step();
    pair.expectSame();
    pair.change(([v]) => tf.tidy(() => v!.assign(tf.mul(v!, -0.5))));
    await pair.step();
    pair.expectSame();
    // As early stopping does: what was good comes back, and shares its data with what was kept.
    const kept = pair.bowls.map(b => b.variables.map(v => tf.clone(v)));
    await pair.step();
    pair.bowls.forEach((b, i) => b.variables.forEach((v, j) => v.assign(kept[i]![j]!)));
    await pair.step(1);
    pair.bowls.forEach((b, i) => b.variables.forEach((v, j) => v.assign(kept[i]![j]!)));
    await pair.step();
    pair.expectSame();
    tf.dispose(kept);
    // And its own values, assigned once more.
    pair.change(variables => variables.forEach(v => tf.tidy(() => v.assign(tf.clone(v)))));
    await pair.step();
    for (const bowl of pair.bowls) {
      const adam = tf.train.adam(0.1);
      minimize(adam, bowl, 7, 9);
      adam.dispose();
    }
    await pair.step();
    pair.expectSame();
    pair.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('steps from what a callback of fit has put back in the middle', async () => {
    const {x, y} = mlp.batch(0);
    const fit = async (resume: boolean, putsBack = true): Promise<Float32Array[]> => {
      const model = compiled(mlp, learnedOptimizer({numSteps: 40})), initial = model.getWeights().map(w => tf.clone(w));
      for (let epoch = 0; epoch < 6; epoch++) {
        const callback = new CustomCallback({
          onBatchEnd: batch => {
            if (putsBack && epoch === 3 && batch === 1) model.setWeights(initial);
            return Promise.resolve();
          },
        });
        await model.fit(x, y, {epochs: 1, batchSize: 8, shuffle: false, verbose: 0, callbacks: [callback]});
        if (!resume) continue;
        const next = learnedOptimizer({numSteps: 40}), last = model.optimizer as LearnedOptimizer;
        await copyState(last, next);
        last.dispose();
        model.compile({optimizer: next, loss: mlp.loss});
      }
      const weights = weightsOf(model);
      model.optimizer.dispose();
      model.dispose();
      tf.dispose(initial);
      return weights;
    };
    const one = await fit(false);
    expectSame(await fit(true), one);
    expectDifferent(await fit(false, false), one);
    tf.dispose([x, y] as tf.Tensor[]);
  });

  it('leaves what was read from a variable alone, and does not read it back', () => {
    const bowl = new Bowl([[5]]), optimizer = learnedOptimizer(), [variable] = bowl.variables;
    apply(optimizer, bowl, 0);
    const held = variable!.dataSync<'float32'>(), before = held.slice();
    apply(optimizer, bowl, 1);
    expectSame([held], [before]);
    expectDifferent(bowl.values(), [before]);
    optimizer.dispose();
    bowl.dispose();
  });

  describe('of tfjs-node-gpu', () => {
    let real: boolean;
    before(() => {
      real = nodeBackend().isGPUPackage;
      nodeBackend().isGPUPackage = true;
    });
    after(() => {
      nodeBackend().isGPUPackage = real;
    });

    it('steps by tf ops, reads nothing back, and says nothing', () => {
      const notices: string[] = [], bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({clipNorm: 1, onNotice: notice => void notices.push(notice)});
      expect(selectRunner(() => undefined).name).to.equal('ops');
      expect(readsOf(() => minimize(optimizer, bowl, 0, 5))).to.deep.equal([]);
      expect(notices).to.deep.equal([]);
      expect(optimizer.iterations).to.equal(5);
      optimizer.dispose();
      bowl.dispose();
    });

    it('reads nothing back by a rule of the zoo either', () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({rule: 'lstm-dm', theta: lstmDm.initialTheta(new Random(1))});
      expect(readsOf(() => minimize(optimizer, bowl, 0, 3))).to.deep.equal([]);
      optimizer.dispose();
      bowl.dispose();
    });

    it('trains as without a GPU, also where training moves from one to the other, and skips what is not finite', () => {
      const before = tf.memory().numTensors, runs = [true, false, undefined].map(onGpu => {
        const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({numSteps: 20, weightDecay: 0.1});
        for (let step = 0; step < 15; step++) {
          nodeBackend().isGPUPackage = onGpu ?? step % 4 < 2;
          if (step === 7) optimizer.minimize(() => tf.tidy(() => tf.mul(bowl.loss(step), NaN)), false, bowl.variables);
          else minimize(optimizer, bowl, step, step + 1);
        }
        expect(optimizer.skippedSteps).to.equal(1);
        const values = bowl.values();
        optimizer.dispose();
        bowl.dispose();
        return values;
      });
      nodeBackend().isGPUPackage = true;
      expectClose(runs[0]!, runs[1]!, 1e-4);
      expectClose(runs[2]!, runs[1]!, 1e-4);
      expect(tf.memory().numTensors).to.equal(before);
    });

    it('throws at most one step late where it is to throw', () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({onNonFinite: 'throw'});
      minimize(optimizer, bowl, 0, 2);
      const before = bowl.values();
      expect(() => {
        optimizer.minimize(() => tf.tidy(() => tf.mul(bowl.loss(2), NaN)), false, bowl.variables);
        expectSame(bowl.values(), before);
        minimize(optimizer, bowl, 3, 4);
      }).to.throw('not finite');
      optimizer.dispose();
      bowl.dispose();
    });
  });
});

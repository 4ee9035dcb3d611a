import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer, LearnedOptimizer} from '../../src/index.js';
import {stateSizes} from '../../src/kernel/state-sizes.js';
import {ruleInfo} from '../../src/rules/registry.js';
import {BACKENDS, forEachBackend, useBackend, type BackendName} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {LAYERS_ENTRY_POINTS} from './entry-points.js';
import {onOpsBackend, useOpsBackend} from './ops-backend.js';
import {mlp} from './tasks.js';
import {compiled, copyState, expectClose, expectSame, loaded, optimizerOf, saved, stateOf, train, weightsOf} from './training.js';
import {ranOnBowl, ZOO, zooOptimizer, zooTheta} from './zoo.js';

const SHAPES = [[4, 3], [5], [], [0, 2]];

for (const rule of ZOO) {
  describe(`the state of learnedOptimizer({rule: '${rule}', theta})`, () => {
    forEachBackend(BACKENDS, () => {
      it('goes on bit for bit through model.save and load, twice, options and theta included', async () => {
        const whole = compiled(mlp, zooOptimizer(rule, {numSteps: 20, learningRate: 0.7, weightDecay: 0.01, clipNorm: 0.5, onNonFinite: 'throw'}));
        await train(whole, mlp, 0, 3);
        const resumed = await loaded(await saved(whole)), again = await loaded(await saved(resumed));
        await train(again, mlp, 3, 5);
        const twice = await loaded(await saved(again));
        await train(twice, mlp, 5, 7);
        await train(whole, mlp, 3, 7);
        expectSame(weightsOf(twice), weightsOf(whole));
        expect(optimizerOf(twice).getConfig()).to.deep.equal(whole.optimizer.getConfig());
        expect(optimizerOf(twice).theta).to.deep.equal(zooTheta(rule));
        expect([...(await stateOf(optimizerOf(twice))).values()]).to.deep.equal([...(await stateOf(optimizerOf(whole))).values()]);
        for (const model of [whole, resumed, again, twice]) {
          model.optimizer.dispose();
          model.dispose();
        }
      });

      it('goes on bit for bit through getWeights and setWeights, and back to an earlier one of its own', async () => {
        const bowls = [new Bowl(SHAPES), new Bowl(SHAPES)] as const, whole = zooOptimizer(rule), part = zooOptimizer(rule), rest = zooOptimizer(rule);
        minimize(whole, bowls[0], 0, 6);
        // What has not been stepped is resumed too.
        await copyState(rest, part);
        minimize(part, bowls[1], 0, 3);
        await copyState(part, rest);
        const values = bowls[1].values(), weights = await part.getWeights();
        minimize(rest, bowls[1], 3, 6);
        expectSame(bowls[1].values(), bowls[0].values());
        expect([...(await stateOf(rest)).values()]).to.deep.equal([...(await stateOf(whole)).values()]);
        await rest.setWeights(weights);
        bowls[1].variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(values[i]!, v.shape))));
        minimize(rest, bowls[1], 3, 6);
        expectSame(bowls[1].values(), bowls[0].values());
        tf.dispose(weights.map(w => w.tensor));
        [whole, part, rest].forEach(o => o.dispose());
        bowls.forEach(b => b.dispose());
      });

      it('takes no more tensors from step to step, by fit and by minimize, and none after dispose', async () => {
        const before = tf.memory(), optimizer = zooOptimizer(rule);
        expect(tf.memory().numTensors).to.equal(before.numTensors);
        const bowl = new Bowl(SHAPES);
        minimize(optimizer, bowl, 0, 2);
        apply(optimizer, bowl, 2);
        const early = tf.memory();
        minimize(optimizer, bowl, 3, 40);
        optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
        expect(() => optimizer.applyGradients({nobody: bowl.variables[0]!})).to.throw(L2OError);
        tf.tidy(() => minimize(optimizer, bowl, 40, 42));
        expect([tf.memory().numTensors, tf.memory().numBytes]).to.deep.equal([early.numTensors, early.numBytes]);
        bowl.dispose();
        // Slots of what has been disposed are freed as soon as something new is stepped.
        const second = new Bowl(SHAPES);
        minimize(optimizer, second, 0, 2);
        expect([tf.memory().numTensors, tf.memory().numBytes]).to.deep.equal([early.numTensors, early.numBytes]);
        optimizer.dispose();
        optimizer.dispose();
        second.dispose();
        const training = LAYERS_ENTRY_POINTS[0]!.start(mlp, zooOptimizer(rule));
        await training.run(10);
        const running = tf.memory().numTensors;
        await training.run(20);
        expect(tf.memory().numTensors).to.equal(running);
        training.model.optimizer.dispose();
        training.dispose();
        expect([tf.memory().numTensors, tf.memory().numBytes]).to.deep.equal([before.numTensors, before.numBytes]);
      });
    });

    onOpsBackend(() => {
      it('steps as on cpu, counts what it skips without reading back, and leaves no tensor behind', async () => {
        const whole = await onCpu(() => ranOnBowl(rule, SHAPES, {clipNorm: 5, weightDecay: 0.1}));
        const before = tf.memory().numTensors, notices: string[] = [];
        const onNotice = (notice: string): void => void notices.push(notice);
        expectSame(ranOnBowl(rule, SHAPES, {clipNorm: 5, weightDecay: 0.1, onNotice}), whole);
        expect(notices).to.deep.equal([]);
        const bowl = new Bowl(SHAPES), optimizer = zooOptimizer(rule), strict = zooOptimizer(rule, {onNonFinite: 'throw'}), values = bowl.values();
        for (const bad of [NaN, Infinity]) optimizer.minimize(() => tf.mul(bowl.loss(), bad), false, bowl.variables);
        // It is known one step late, where nothing is read back.
        strict.minimize(() => tf.add(bowl.loss(), NaN), false, bowl.variables);
        expect(() => strict.minimize(() => bowl.loss(), false, bowl.variables)).to.throw(L2OError).with.property('code', 'NON_FINITE');
        expectSame(bowl.values(), values);
        expect(optimizer.skippedSteps).to.equal(2);
        [optimizer, strict, bowl].forEach(x => x.dispose());
        expect(tf.memory().numTensors).to.equal(before);
      });
    });

    it('moves from one backend to another in the middle, to tf ops alone and back', async () => {
      const places: ReadonlyArray<ReadonlyArray<BackendName | 'ops'>> = [['cpu', 'cpu', 'cpu', 'cpu', 'cpu'], ['cpu', 'wasm', 'ops', 'node', 'wasm']];
      const results: Float32Array[][] = [];
      for (const stations of places) {
        const optimizer = zooOptimizer(rule);
        let bowl: Bowl | undefined;
        for (const [i, station] of stations.entries()) {
          await (station === 'ops' ? useOpsBackend() : useBackend(station));
          bowl ??= new Bowl(SHAPES);
          minimize(optimizer, bowl, i, i + 1);
        }
        results.push(bowl!.values());
        optimizer.dispose();
        bowl!.dispose();
      }
      await useBackend('cpu');
      expectClose(results[1]!, results[0]!, 1e-4);
    });

    it('has the sizes that its rule lists', async () => {
      const bowl = new Bowl([[2, 3]]), optimizer = zooOptimizer(rule), sizes = stateSizes(rule);
      minimize(optimizer, bowl, 0, 1);
      const weights = await optimizer.getWeights(), shapeOf = (end: string): number[] => weights.find(({name}) => name.endsWith(end))!.tensor.shape;
      expect([shapeOf('/parameter'), shapeOf('/tensor'), shapeOf('losses')]).to.deep.equal([[sizes.parameter, 2, 3], [sizes.tensor], [1, sizes.optimizer]]);
      tf.dispose(weights.map(w => w.tensor));
      optimizer.dispose();
      bowl.dispose();
    });

    it('is refused by an optimizer of another rule, by both names, and changes nothing there', async () => {
      const bowl = new Bowl(SHAPES), optimizer = zooOptimizer(rule);
      minimize(optimizer, bowl, 0, 2);
      const weights = await optimizer.getWeights();
      for (const other of [learnedOptimizer(), ...ZOO.filter(r => r !== rule).map(r => zooOptimizer(r))]) {
        const before = await stateOf(other), error: unknown = await other.setWeights(weights).then(() => undefined, (e: unknown) => e);
        expect(error).to.be.instanceOf(L2OError).with.property('code', 'INVALID_WEIGHTS');
        expect((error as L2OError).message).to.include(`'${other.theta.rule}'`).and.include(`'${rule}'`);
        expect(await stateOf(other)).to.deep.equal(before);
        other.dispose();
      }
      tf.dispose(weights.map(w => w.tensor));
      optimizer.dispose();
      bowl.dispose();
    });

    it('is not taken from a config of another version of the rule', () => {
      const {ruleVersion, ...config} = zooOptimizer(rule).getConfig(), make = (more: object): LearnedOptimizer =>
        LearnedOptimizer.fromConfig<LearnedOptimizer>(LearnedOptimizer, {...config, ...more});
      expect(ruleVersion).to.equal(ruleInfo(rule).version);
      for (const good of [{ruleVersion}, {}]) expect(make(good).theta).to.deep.equal(zooTheta(rule));
      expect(() => make({ruleVersion: 99})).to.throw(L2OError, `'${rule}', got 99`).with.property('code', 'INVALID_THETA');
      expect(() => make({theta: null})).to.throw(L2OError, 'metaFit').with.property('code', 'INVALID_ARGUMENT');
    });
  });
}

/** What `run` returns on cpu; then the backend without a fused kernel is current again. */
async function onCpu<T>(run: () => T): Promise<T> {
  await useBackend('cpu');
  const result = run();
  await useOpsBackend();
  return result;
}

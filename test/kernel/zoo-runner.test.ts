import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import type {VariableStep} from '../../src/kernel/runner.js';
import {selectRunner} from '../../src/kernel/select-runner.js';
import {stateSizes} from '../../src/kernel/state-sizes.js';
import {Random} from '../../src/random.js';
import {ruleInfo} from '../../src/rules/registry.js';
import {slotRandom} from '../../src/rules/slot-random.js';
import {Bowl} from '../contract/bowl.js';
import {useOpsBackend} from '../contract/ops-backend.js';
import {expectSame, valuesOf} from '../contract/training.js';
import {ZOO, zooTheta, type ZooRule} from '../contract/zoo.js';
import {BACKENDS, forEachBackend, useBackend} from '../support/backends.js';

const OPTIONS = {horizon: 0, learningRate: 1, clipNorm: undefined, parameterScale: false};
const runnerOf = (rule: ZooRule): ReturnType<typeof selectRunner> => selectRunner(() => undefined, rule);

/** Variables and theta of a rule after some steps of the rule itself, without a runner. */
function referenceSteps(name: ZooRule, bowl: Bowl, count: number): {variables: Float32Array[]; slots: Array<Record<string, Float32Array>>; shared: Record<string, Float32Array>} {
  const rule = ruleInfo(name).rule!;
  return tf.tidy(() => {
    const theta = tf.tensor1d(zooTheta(name).values);
    let variables = bowl.variables.map((v, i) => ({parameter: tf.clone<tf.Tensor>(v), slots: rule.initialSlots(theta, v.shape, slotRandom(i))}));
    let shared = rule.initialShared(theta);
    for (let time = 0; time < count; time++) {
      const gradients = bowl.gradients(time);
      ({variables, shared} = rule.step(theta, variables.map((v, i) => ({...v, gradient: gradients[i]!})), shared, {...OPTIONS, time, loss: undefined}));
    }
    const valued = (state: Readonly<Record<string, tf.Tensor>>): Record<string, Float32Array> =>
      Object.fromEntries(Object.entries(state).map(([key, t]) => [key, t.dataSync<'float32'>().slice()]));
    return {variables: valuesOf(variables.map(v => v.parameter)), slots: variables.map(v => valued(v.slots)), shared: valued(shared)};
  });
}

for (const rule of ZOO) {
  describe(`the runner of ${rule}`, () => {
    const sizes = stateSizes(rule), layout = ruleInfo(rule).rule!.state;

    forEachBackend(BACKENDS, () => {
      it('steps as the rule itself does, and hands its state out in the order of the rule\'s list', () => {
        // Gradients that do not depend on the variables, so that both see the same ones.
        const bowl = new Bowl([[2, 3], []]), expected = referenceSteps(rule, bowl, 3);
        const given = Array.from({length: 3}, (_, time) => bowl.gradients(time));
        const runner = runnerOf(rule), slots = bowl.variables.map(v => runner.createSlots(v.size)), shared = runner.createLossSlots(), theta = zooTheta(rule).values;
        given.forEach((gradients, time) => {
          const steps = bowl.variables.map((variable, i): VariableStep => ({variable, gradient: gradients[i]!, slots: slots[i]!, weightDecay: 0}));
          expect(runner.step(theta, steps, shared, undefined, {...OPTIONS, time})).to.deep.equal({kind: 'made'});
        });
        expectSame(bowl.values(), expected.variables);
        const listed = (each: string, values: Readonly<Record<string, Float32Array>>): number[] => layout.filter(([, of]) => of === each).flatMap(([name]) => [...values[name]!]);
        slots.forEach((s, i) => {
          const {slots: ofParameters, tensorSlots} = s.read();
          expect([...ofParameters]).to.deep.equal(listed('parameter', expected.slots[i]!));
          expect([...tensorSlots]).to.deep.equal([1, ...listed('tensor', expected.slots[i]!)]);
        });
        expect([...shared.read()]).to.deep.equal([2, ...listed('optimizer', expected.shared)]);
        [...slots, shared, bowl].forEach(x => x.dispose());
        tf.dispose(given);
      });

      it('hands over state bit for bit, as copies, and none before the first step', () => {
        const before = tf.memory().numTensors, random = new Random(1), runner = runnerOf(rule);
        const initial = {slots: random.normals(5 * sizes.parameter), tensorSlots: random.normals(sizes.tensor)}, values = random.normals(sizes.optimizer);
        initial.tensorSlots[0] = 1;
        values[0] = 7;
        const expected = [initial.slots.slice(), initial.tensorSlots.slice(), values.slice()];
        const slots = runner.createSlots(5, initial), shared = runner.createLossSlots(values);
        const read = (): Float32Array[] => [slots.read().slots, slots.read().tensorSlots, shared.read()];
        [initial.slots, initial.tensorSlots, values].forEach(array => array.fill(0));
        expectSame(read(), expected);
        read().forEach(array => array.fill(0));
        expectSame(read(), expected);
        [slots, shared, slots, shared].forEach(s => s.dispose());
        expect(tf.memory().numTensors).to.equal(before);
        for (const empty of [runner.createSlots(5), runner.createSlots(5, initial)]) {
          expectSame([empty.read().slots, empty.read().tensorSlots], [new Float32Array(5 * sizes.parameter), new Float32Array(sizes.tensor)]);
        }
        expectSame([runner.createLossSlots().read(), runner.createLossSlots(values).read()], [values, values]);
        expect(tf.memory().numTensors).to.equal(before);
      });
    });

    it('is one for all optimizers of its rule, and another where reading back would stall', async () => {
      const onHost = runnerOf(rule);
      expect([onHost.name, onHost.readsLoss]).to.deep.equal(['zoo', true]);
      await useBackend('wasm');
      expect(runnerOf(rule)).to.equal(onHost);
      await useOpsBackend();
      expect(runnerOf(rule).readsLoss).to.equal(false);
      expect(runnerOf(rule)).to.equal(runnerOf(rule)).and.not.equal(onHost);
      await useBackend('cpu');
      for (const other of ZOO.filter(r => r !== rule)) expect(runnerOf(other)).to.not.equal(onHost);
    });
  });
}

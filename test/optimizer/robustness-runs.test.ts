import {expect} from 'chai';
import {seenSuite} from '../../src/evaluation/suites/seen.js';
import {validationSuite} from '../../src/evaluation/suites/validation.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {autoencoderFamily} from '../../src/tasks/families/autoencoder.js';
import {logisticRegressionFamily} from '../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../src/tasks/families/mlp-regression.js';
import {recurrentNetFamily} from '../../src/tasks/families/recurrent-net.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {ADAM, meanDescent, reckless, shipped, walk, type Course, type Walker} from './robustness.js';

const digits = loadDigits(), initialization = 'glorotUniform';

/** What takes more than milliseconds; and Rastrigin, and Ackley far from its minimum, where who leaves a basin may end in a worse one. */
const LEFT_OUT = /64-400|five layers|conv|GRU|LSTM|recurrent|tied|residual|Rastrigin|Ackley in 5/;
const SUITE_TASKS: readonly TaskFamily[] = [...seenSuite().tasks, ...validationSuite().tasks]
  .filter(({name}) => !LEFT_OUT.test(name)).map(({family}) => family);

describe('the shipped theta', () => {
  describe('with batches of one example', () => {
    const STEPS = 600, EVALUATED = 200, batchSize = 1;
    const families = [
      mlpClassificationFamily({data: digits, depth: 0, initialization, batchSize}),
      mlpClassificationFamily({data: digits, depth: 2, width: 16, activation: 'tanh', initialization, batchSize}),
      mlpRegressionFamily({numFeatures: 10, numOutputs: 1, numExamples: 300, depth: 1, width: 16, activation: 'relu', initialization, batchSize}),
      logisticRegressionFamily({numFeatures: 10, numExamples: 300, separation: 3, conditionNumber: 10, batchSize}),
      autoencoderFamily({data: digits, depth: 1, width: 16, codeSize: 6, activation: 'elu', initialization, batchSize}),
      recurrentNetFamily({data: digits, cell: 'gru', units: 8, initialization, batchSize}),
    ];
    const isAheadOfAdam = (walker: Walker, family: TaskFamily): boolean =>
      meanDescent(walker, family, STEPS, EVALUATED) <= Math.min(0.9, meanDescent(ADAM, family, STEPS, EVALUATED));

    for (const [plan, horizon] of [['told the number of steps', STEPS], ['told none', 0]] as const) {
      it(`ends every task no higher than default Adam does, ${plan}`, () => {
        for (const [i, family] of families.entries()) expect(isAheadOfAdam(shipped(horizon), family), `family ${i}, ${family.name}`).to.be.true;
      });
    }

    it('which a theta that steps too far does not', () => {
      expect(families.every(family => isAheadOfAdam(reckless(STEPS), family))).to.be.false;
    });
  });

  describe('for twenty times the planned steps', () => {
    const HORIZON = 100, STOPS = Array.from({length: 20}, (_, i) => (i + 1) * HORIZON);
    /** At no later stop half as high again as at the horizon, give or take a twentieth of the first loss. */
    const staysDown = ({first, losses: [atHorizon, ...later]}: Course): boolean =>
      atHorizon! < first && later.every(loss => loss <= 1.5 * atHorizon! + 0.05 * first);
    for (const seed of [0, 1]) {
      it(`stays as low as it was at the horizon on all tasks, seed ${seed}`, () => {
        expect(SUITE_TASKS).to.have.lengthOf.at.least(20);
        for (const family of SUITE_TASKS) {
          const course = walk(shipped(HORIZON), family, seed, STOPS);
          expect(staysDown(course), `${family.name}: first ${course.first}, then ${course.losses.join(', ')}`).to.be.true;
        }
      });
    }

    it('and ends lower where there was more to gain', () => {
      const gains = SUITE_TASKS.map(family => {
        const {losses} = walk(shipped(HORIZON), family, 0, [HORIZON, 20 * HORIZON]);
        return losses[1]! < losses[0]!;
      });
      expect(gains.filter(Boolean).length).to.be.at.least(0.75 * SUITE_TASKS.length);
    });

    it('which a theta that steps too far does not', () => {
      expect(SUITE_TASKS.every(family => staysDown(walk(reckless(HORIZON), family, 0, STOPS)))).to.be.false;
    });
  });

  describe('beside default Adam', () => {
    const STEPS = 400, SEEDS = [0, 1, 2];
    const diverges = (walker: Walker, family: TaskFamily, seed: number): boolean => {
      const {first, losses} = walk(walker, family, seed, [STEPS]);
      return !(losses[0]! <= first);
    };
    const divergesAlone = (walker: Walker): string[] => SUITE_TASKS.flatMap((family, i) =>
      SEEDS.filter(seed => diverges(walker, family, seed) && !diverges(ADAM, family, seed)).map(seed => `family ${i}, ${family.name}, seed ${seed}`));

    const plans = {'the right number of steps': STEPS, 'a quarter of them': STEPS / 4, 'four times as many': 4 * STEPS, 'none': 0};
    for (const [plan, horizon] of Object.entries(plans)) {
      it(`diverges on no task on which Adam does not, told ${plan}`, () => {
        expect(divergesAlone(shipped(horizon))).to.deep.equal([]);
      });
    }

    it('which a theta that steps too far does', () => {
      expect(divergesAlone(reckless(STEPS))).to.not.be.empty;
    });
  });
});

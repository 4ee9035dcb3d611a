import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import type {RolloutOptions} from '../../src/rollout/rollout.js';
import {labelNoise} from '../../src/tasks/augment/label-noise.js';
import {reducedBatch} from '../../src/tasks/augment/reduced-batch.js';
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {loadDigits} from '../../src/tasks/digits.js';
import {ackleyFamily} from '../../src/tasks/families/ackley.js';
import {autoencoderFamily} from '../../src/tasks/families/autoencoder.js';
import {griewankFamily} from '../../src/tasks/families/griewank.js';
import {lassoFamily} from '../../src/tasks/families/lasso.js';
import {logisticRegressionFamily} from '../../src/tasks/families/logistic-regression.js';
import {mlpClassificationFamily} from '../../src/tasks/families/mlp-classification.js';
import {mlpRegressionFamily} from '../../src/tasks/families/mlp-regression.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import {rastriginFamily} from '../../src/tasks/families/rastrigin.js';
import {rosenbrockFamily} from '../../src/tasks/families/rosenbrock.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {forEachBackend, useBackend} from '../support/backends.js';
import {STEPS, expectSameGradients, expectSameRun, start} from './engine-pair.js';

const digits = loadDigits();
const dense = {depth: [0, 2], width: [3, 20], numExamples: 100, numFeatures: [3, 20], batchSize: [1, 32]} as const;
/** Near the minimum: farther out one rounding decides which bump a run falls into, on TF.js's own backends too. */
const near = {dimension: [2, 20], startRadius: 0.05, shift: 0} as const;

/** Families that both engines run, by what is special about them. */
const FAMILIES: Readonly<Record<string, TaskFamily>> = {
  quadratic: quadraticFamily({conditionNumber: [1, 100]}),
  'quadratic in one dimension': quadraticFamily({dimension: 1}),
  lasso: lassoFamily(),
  'least squares of one equation': lassoFamily({rows: 1, dimension: 3, l1: 0}),
  'logistic regression': logisticRegressionFamily({numExamples: 100}),
  'logistic regression without penalty': logisticRegressionFamily({numExamples: 100, numFeatures: 1, l2: 0}),
  rosenbrock: rosenbrockFamily(),
  rastrigin: rastriginFamily(near),
  ackley: ackleyFamily({...near, startRadius: 1}),
  griewank: griewankFamily({...near, startRadius: 1}),
  ...Object.fromEntries((['relu', 'tanh', 'sigmoid', 'elu', 'leakyRelu', 'softplus'] as const).map(activation =>
    [`mlp classification, ${activation}`, mlpClassificationFamily({...dense, activation})])),
  'mlp classification, sigmoidCrossEntropy': mlpClassificationFamily({...dense, activation: 'tanh', loss: 'sigmoidCrossEntropy'}),
  'mlp classification, meanSquaredError': mlpClassificationFamily({...dense, activation: 'elu', loss: 'meanSquaredError'}),
  'mlp classification of digits, twelve layers': mlpClassificationFamily({data: digits, activation: 'tanh', depth: 11, width: [3, 9], batchSize: 5}),
  // An odd batch: signs that cancel in one order of summation leave a rounding error in another.
  ...Object.fromEntries((['meanSquaredError', 'huberLoss', 'absoluteDifference'] as const).map(loss =>
    [`mlp regression, ${loss}`, mlpRegressionFamily({...dense, batchSize: 7, activation: 'tanh', loss})])),
  autoencoder: autoencoderFamily({...dense, activation: 'sigmoid'}),
  'autoencoder of digits, sigmoidCrossEntropy': autoencoderFamily({data: digits, activation: 'relu', depth: 1, width: 20, batchSize: 10, loss: 'sigmoidCrossEntropy'}),
};
// Steps are short: long ones blow up rounding on rugged and deep tasks, whatever theta the package happens to ship.
const RULES: ReadonlyArray<Partial<RolloutOptions> & Pick<RolloutOptions, 'rule'>> = [
  {rule: 'tensor-lstm', horizon: 100, learningRate: 0.1}, {rule: 'adam', learningRate: 0.003}, {rule: 'sgd', learningRate: 1e-4},
];

describe('the compiled engine and the tf-ops engine', () => {
  forEachBackend(['cpu', 'wasm'], backend => {
    for (const [name, family] of Object.entries(FAMILIES)) {
      it(`make the same losses to 1e-4 over ${STEPS} steps, and evaluate alike: ${name}`, () => {
        for (const options of RULES) expectSameRun(family, 1, options);
      });

      // What an engine does with scales does not depend on the other's backend.
      if (backend === 'cpu') {
        it(`do so when reparametrised: ${name}`, () => {
          for (const level of ['global', 'tensor', 'parameter'] as const) {
            const scaled = reparametrised({level, range: [0.3, 3]})(family);
            for (const options of RULES) expectSameRun(scaled, 2, {...options, ...(options.rule === 'sgd' && {learningRate: 1e-5})});
          }
        });
      }
    }
  });

  describe('on cpu', () => {
    before(() => useBackend('cpu'));
    const EVERYWHERE: Readonly<Record<string, TaskFamily>> = {
      ...FAMILIES, quadratic: quadraticFamily(), rastrigin: rastriginFamily(), ackley: ackleyFamily(), griewank: griewankFamily(),
      'reparametrised by far': reparametrised({level: 'parameter'})(mlpClassificationFamily({...dense, activation: 'tanh'})),
    };
    for (const [name, family] of Object.entries(EVERYWHERE)) {
      it(`have the same losses and gradients at the start and around it, however rough: ${name}`, () => {
        expectSameGradients(family, [1, 2, 3, 4]);
      });
    }

    for (const [name, family] of Object.entries({
      'reduced batch': reducedBatch({share: 0.3})(mlpClassificationFamily({...dense, batchSize: 32})),
      'label noise': labelNoise({share: 0.5})(mlpClassificationFamily({...dense, activation: 'tanh'})),
      'label noise in logistic regression': labelNoise({share: 0.5})(logisticRegressionFamily({numExamples: 50})),
      'all of them': reparametrised({range: [0.5, 2]})(reducedBatch({share: 0.5})(labelNoise({share: 0.5})(mlpClassificationFamily(dense)))),
    })) {
      it(`make the same losses on an augmented family: ${name}`, () => expectSameRun(family, 1, {horizon: 50}));
    }

    it('show an observer the same gradients and changes', () => {
      const family = mlpClassificationFamily({...dense, activation: 'tanh'});
      const [ours, theirs] = (['compiled', 'ops'] as const).map(engine => {
        const seen: Float32Array[] = [], losses = new Float32Array(3), rollout = start(family, 1, engine);
        expect(rollout.run(3, losses, (gradient, change) => void seen.push(gradient.slice(), change.slice()))).to.equal(3);
        rollout.dispose();
        return [...seen, losses];
      });
      expect(ours).to.have.length(7);
      ours!.forEach((values, i) => values.forEach((x, k) => expect(x).to.be.closeTo(theirs![i]![k]!, 1e-5)));
    });
  });
});

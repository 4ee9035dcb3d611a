import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {defaultDecayMask} from '../../src/optimizer/options.js';
import {initialTheta} from '../../src/rules/tensor-lstm/initial-theta.js';
import {RULE_VERSION, THETA_SIZE} from '../../src/rules/tensor-lstm/spec.js';
import {makeTheta} from '../../src/theta/theta-file.js';
import {Random} from '../../src/random.js';

/** Makes an optimizer of options that the types may forbid. */
function make(options: unknown): ReturnType<typeof learnedOptimizer> {
  return learnedOptimizer(options as Parameters<typeof learnedOptimizer>[0]);
}

function expectRefused(options: unknown, code: string, ...words: string[]): void {
  let caught: unknown;
  try {
    make(options);
  } catch (error) {
    caught = error;
  }
  expect(caught).to.be.an.instanceOf(L2OError);
  const {code: got, message} = caught as L2OError;
  expect(got, message).to.equal(code);
  for (const word of words) expect(message).to.include(word);
}

const ANY = [null, 'x', {}, [], () => 1, NaN, -1, Infinity, Symbol('s'), 1n, Object.create(null)];
const BAD: Readonly<Record<string, readonly unknown[]>> = {
  numSteps: ANY.filter(x => x !== null).concat([0, 1.5, 2 ** 53, true, '10']),
  learningRate: ANY.concat([0, true, '1']),
  weightDecay: ANY.concat([-1e-9, true, '0']),
  clipNorm: ANY.concat([0, true, '1']),
  rule: [null, 'adam', '', 1, {}],
  parameterScale: [null, 0, 1, 'true', {}],
  onNonFinite: [null, 'ignore', '', true, {}],
  numThreads: ANY.concat([0, 1.5, 65, true, '2']),
  decayMask: [null, true, 'kernel', {}],
  onNotice: [null, true, 'log', {}],
  theta: [null, 'theta', 1, true],
};

describe('the options', () => {
  for (const [name, values] of Object.entries(BAD)) {
    it(`refuse a ${name} of the wrong type or range, by its name`, () => {
      for (const value of values) expectRefused({[name]: value}, 'INVALID_ARGUMENT', name);
    });
  }

  it('are refused as a whole where they are no object', () => {
    for (const value of [null, 5, 'x', [], true]) expectRefused(value, 'INVALID_ARGUMENT', 'options');
  });

  it('of unknown names are refused, with the nearest name that there is', () => {
    for (const [wrong, right] of [['learningrate', 'learningRate'], ['numstep', 'numSteps'], ['clipnorm', 'clipNorm'], ['weigthDecay', 'weightDecay'], ['onNonfinite', 'onNonFinite']]) {
      expectRefused({[wrong!]: 1}, 'UNKNOWN_OPTION', `'${wrong}'`, `'${right}'`);
    }
    expectRefused({zzzzzzzzzzzz: 1}, 'UNKNOWN_OPTION', 'zzzzzzzzzzzz', 'numSteps');
    expectRefused({learningRat: undefined}, 'UNKNOWN_OPTION', 'learningRate');
  });

  it('may all be left out, or be undefined', () => {
    for (const optimizer of [make(undefined), make({}), make(Object.fromEntries(Object.keys(BAD).map(name => [name, undefined])))]) {
      expect([optimizer.learningRate, optimizer.numSteps, optimizer.iterations, optimizer.skippedSteps]).to.deep.equal([1, undefined, 0, 0]);
      expect(optimizer.theta.values).to.have.lengthOf(THETA_SIZE);
      optimizer.dispose();
    }
  });

  it('are all taken at the ends of their ranges', () => {
    const optimizer = make({numSteps: 1, learningRate: Number.MIN_VALUE, weightDecay: 0, clipNorm: 1e-300, rule: 'tensor-lstm', parameterScale: false, onNonFinite: 'throw'});
    expect(optimizer.getConfig()).to.deep.equal({
      numSteps: 1, learningRate: Number.MIN_VALUE, weightDecay: 0, clipNorm: 1e-300, rule: 'tensor-lstm', parameterScale: false, onNonFinite: 'throw', theta: null,
    });
    optimizer.dispose();
  });

  it('refuse a theta of the wrong rule, version, size or hash, and one that is not finite', () => {
    const values = initialTheta(new Random(1)), good = makeTheta(values), spoiled = values.slice();
    spoiled[17] = NaN;
    const bad: ReadonlyArray<readonly [unknown, string]> = [
      [values.slice(1), String(THETA_SIZE)], [new Float32Array(0), String(THETA_SIZE)], [spoiled, '17'],
      [{...good, rule: 'other'}, 'other'], [{...good, ruleVersion: RULE_VERSION + 1}, String(RULE_VERSION)], [{...good, values: values.slice(1)}, String(THETA_SIZE)],
      [{...good, values: [...values]}, 'Float32Array'], [{...good, hash: '0123456789abcdef'}, 'hash'], [{...good, values: spoiled}, '17'], [{}, 'rule'], [[1, 2], 'rule'],
    ];
    for (const [theta, word] of bad) expectRefused({theta}, 'INVALID_THETA', word);
  });

  it('take a theta as values or with its description, and copy it', () => {
    const values = initialTheta(new Random(2)), good = makeTheta(values);
    for (const theta of [values, good]) {
      const optimizer = make({theta});
      expect(optimizer.theta).to.deep.equal(good);
      expect(optimizer.theta.values).to.not.equal(values);
      expect(optimizer.theta.values).to.not.equal(good.values);
      optimizer.dispose();
    }
  });
});

describe('defaultDecayMask', () => {
  it('takes kernels of every kind', () => {
    for (const name of ['dense_Dense1/kernel', 'conv2d_Conv2D1/kernel_3', 'lstm_LSTM1/recurrent_kernel', 'embedding_Embedding1/embeddings', '12']) {
      expect(defaultDecayMask(name, [3, 4]), name).to.be.true;
    }
  });

  it('takes no biases, no weights of normalisations, and nothing of rank 0 or 1', () => {
    for (const name of ['dense_Dense1/bias', 'dense_Dense1/bias_2', 'norm/gamma', 'norm/beta_1', 'norm/moving_mean', 'norm/moving_variance', 'gru/input_bias']) {
      expect(defaultDecayMask(name, [3, 4]), name).to.be.false;
    }
    expect(defaultDecayMask('dense/kernel', [3])).to.be.false;
    expect(defaultDecayMask('dense/kernel', [])).to.be.false;
  });
});

import '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {type StepOptions} from '../../src/kernel/types.js';
import {
  CONSTANTS, FIRST_HIDDEN, NUM_PARAMETER_HIDDEN, OUTPUTS, PARAMETER_FEATURES, PARAMETER_SLOTS, TENSOR_SLOTS, THETA_SIZE, thetaEntry,
} from '../../src/rules/tensor-lstm/spec.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {
  distance, gradientsOf, newState, rms, runJs, runOps, runScenario, runWasm, type Runner, type Scenario, type State, withTheta,
} from './golden.js';

const NUM_STEPS = 50;
// Float32 rounding of 50 steps comes to about 1e-6 for parameters and 5e-6 for slots.
const PARAMETER_TOLERANCE = 1e-5;
const SLOT_TOLERANCE = 1e-4;

const SCENARIOS: readonly Scenario[] = [
  {title: 'without a horizon', clipNorm: 0.5},
  {title: 'with a horizon and weight decay', horizon: 100, weightDecay: 0.1},
  {title: 'far beyond any horizon, towards a planned end', horizon: 9000, startTime: 6000, learningRate: 1, weightDecay: 0.1},
  {title: 'past the horizon, with decay at its bound', horizon: 1500, startTime: 1480, learningRate: 3, weightDecay: 1000},
  {title: 'long after any horizon', horizon: 100_000, startTime: 5000, learningRate: 2},
  {title: 'without a loss', withLoss: false, horizon: 50},
  {title: 'without parameter scaling', parameterScale: false, clipNorm: 1e9, learningRate: 0.1},
];

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string): void {
  expect(a.length, what).to.equal(b.length);
  expect(distance(a, b, rms(b)), `${what}: difference in units of its RMS`).to.be.at.most(tolerance);
}

function expectSameState(actual: State, expected: State): void {
  expectClose(actual.lossSlots, expected.lossSlots, SLOT_TOLERANCE, 'loss slots');
  expected.variables.forEach((variable, i) => {
    const other = actual.variables[i]!, name = `variable ${i} [${variable.shape.join(', ')}]`, size = variable.parameter.length;
    expectClose(other.parameter, variable.parameter, PARAMETER_TOLERANCE, name);
    PARAMETER_SLOTS.forEach((slot, k) => {
      expectClose(other.slots.subarray(k * size, (k + 1) * size), variable.slots.subarray(k * size, (k + 1) * size), SLOT_TOLERANCE, `${name} ${slot}`);
    });
    const offsets = [...Object.values(TENSOR_SLOTS), variable.tensorSlots.length];
    Object.keys(TENSOR_SLOTS).forEach((slot, k) => {
      const [start, end] = [offsets[k]!, offsets[k + 1]!];
      expectClose(other.tensorSlots.subarray(start, end), variable.tensorSlots.subarray(start, end), SLOT_TOLERANCE, `${name} ${slot}`);
    });
  });
}

const references = new Map<Scenario, State>();
function reference(scenario: Scenario): State {
  const state = references.get(scenario) ?? runScenario(runJs, scenario, NUM_STEPS);
  references.set(scenario, state);
  return state;
}

/** One step of a scalar whose every part can be worked out on paper. */
function expectHandComputedStep(run: Runner): void {
  const theta = new Float32Array(THETA_SIZE);
  const set = (name: string, index: number, value: number): void => { theta[thetaEntry(name).offset + index] = value; };
  set('outputBias', OUTPUTS.logStep, Math.log(2) / CONSTANTS.LOG_STEP_GAIN);
  set('outputBias', OUTPUTS.hidden, 0.5);
  set('outputBias', OUTPUTS.mix + PARAMETER_FEATURES.indexOf('gradient'), 0.5);
  set('hiddenBias', 0, 1);
  set('hiddenKernel', (PARAMETER_FEATURES.indexOf('parameter') - FIRST_HIDDEN) * NUM_PARAMETER_HIDDEN, 1);
  set('headKernel', 0, 0.5);
  set('headBias', 0, 0.25);
  const state = withTheta(newState(1, [[]], 10), theta), options: StepOptions = {time: 0, horizon: 0, learningRate: 1, clipNorm: undefined, parameterScale: true};
  const {parameter, slots, tensorSlots} = state.variables[0]!;
  parameter[0] = 2;
  run(state, [Float32Array.of(0.5)], 1, options);

  // Slots: (1 - beta) g and (1 - beta) g², for g = 0.5.
  expectClose(slots, [0.05, 0.005, 0.00025], 1e-6, 'slots');
  // All gates but the forget gate's are 0, so the LSTM's state stays 0 and its outputs are their biases.
  // Corrected for bias, momentum is g and second moment g²: the features adam and gradient are 1.
  // The feature parameter is p / rms(p) = 1, so hidden unit 0 is relu(1 + 1 + 0.5) = 2.5.
  // direction = adam + gradient / 2 + 2.5 / 2 + 0.25 = 1 + 0.5 + 1.25 + 0.25 = 3
  expect(tensorSlots[TENSOR_SLOTS.meanSquareDirection]).to.be.closeTo(9, 1e-5);
  // rate = 1e-3 exp(2 log(2) / 2) = 0.002, guard 1 on a first loss; scale = rms(p) = 2
  // p (1 − rate · min(scale, 1) · weightDecay) − rate · scale · direction = 2 (1 − 0.002 · 10) − 0.002 · 2 · 3 = 1.948
  expect(parameter[0]).to.be.closeTo(1.948, 1e-6);
  expect(tensorSlots[TENSOR_SLOTS.count]).to.equal(1);
  expect(tensorSlots[TENSOR_SLOTS.initialRms]).to.equal(2);
}

/** Gradients that overflow or underflow when squared must not poison the state. */
function expectFiniteAtExtremes(run: Runner): void {
  const theta = new Float32Array(THETA_SIZE).fill(0.05), shapes = [[], [7], [3, 43]];
  const gradients = gradientsOf(2, shapes);
  for (const scale of [1e-44, 1e-30, 1e-20, 1e-15, 1e17]) {
    const state = withTheta(newState(1, shapes), theta);
    for (let time = 0; time < 6; time++) {
      // Norms of 1 times the scale, with one step of zeros.
      const scaled = gradients.next().value.map(g => g.map(x => (time === 3 ? 0 : (x * scale) / (rms(g) || 1))));
      run(state, scaled, time === 1 ? 1e15 : 0, {time, horizon: 0, learningRate: 1, clipNorm: undefined, parameterScale: true});
    }
    for (const {parameter, slots, tensorSlots} of state.variables) {
      for (const array of [parameter, slots, tensorSlots, state.lossSlots]) {
        expect(array.every(Number.isFinite), `finite at gradients of ${scale}`).to.be.true;
      }
    }
  }
}

describe('tensor-lstm, by every runner', () => {
  it('makes a hand-computed step in plain JavaScript', () => expectHandComputedStep(runJs));
  it('makes a hand-computed step in the wasm kernel', () => expectHandComputedStep(runWasm));
  it('stays finite at extreme gradients in plain JavaScript', () => expectFiniteAtExtremes(runJs));
  it('stays finite at extreme gradients in the wasm kernel', () => expectFiniteAtExtremes(runWasm));

  it('answers to every option, so that agreement means something', () => {
    const plain = runScenario(runJs, {title: ''}, NUM_STEPS);
    const variations: readonly Scenario[] = [
      {title: 'horizon', horizon: 100}, {title: 'past horizon', horizon: 10}, {title: 'withLoss', withLoss: false}, {title: 'clipNorm', clipNorm: 0.5},
      {title: 'weightDecay', weightDecay: 0.1}, {title: 'parameterScale', parameterScale: false}, {title: 'learningRate', learningRate: 0.9},
      {title: 'time', startTime: 100},
    ];
    for (const variation of variations) {
      const varied = runScenario(runJs, variation, NUM_STEPS);
      const largest = Math.max(...plain.variables.map((v, i) => distance(varied.variables[i]!.parameter, v.parameter, rms(v.parameter))));
      expect(largest, variation.title).to.be.greaterThan(100 * PARAMETER_TOLERANCE);
    }
  });

  for (const scenario of SCENARIOS) {
    it(`is the same in the wasm kernel as in plain JavaScript ${scenario.title}`, () => {
      expectSameState(runScenario(runWasm, scenario, NUM_STEPS), reference(scenario));
    });
  }

  forEachBackend(BACKENDS, () => {
    it('makes a hand-computed step in tf ops', () => expectHandComputedStep(runOps));
    it('stays finite at extreme gradients in tf ops', () => expectFiniteAtExtremes(runOps));

    for (const scenario of SCENARIOS) {
      it(`is the same in tf ops as in plain JavaScript ${scenario.title}`, () => {
        expectSameState(runScenario(runOps, scenario, NUM_STEPS), reference(scenario));
      });
    }
  });
});

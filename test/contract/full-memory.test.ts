import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {L2OError, learnedOptimizer} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {growths, withGrow} from '../support/growths.js';
import {Bowl, minimize} from './bowl.js';
import {expectDifferent, expectSame, stateOf} from './training.js';

const SHAPES = [[4, 3], [5], [], [17]];
/** Floats of a variable of 2^30 bytes, and of one whose slots no memory of these tests has room for, but would grow for. */
const FLOATS_OF_A_GIBIBYTE = 2 ** 28, LARGE = 2 ** 26;

/** A variable that says it is larger than it is, and a gradient of it: nothing of that size is ever made. */
function pretended(size: number): {variable: tf.Variable; gradient: tf.Tensor} {
  const as = <T extends tf.Tensor>(tensor: T): T => Object.defineProperties(tensor, {size: {value: size}, shape: {value: [size]}});
  return {variable: as(tf.tidy(() => tf.variable(tf.zeros([2])))), gradient: as(tf.zeros([2]))};
}

/** Makes our memory, or that of the backend in use, grow, whatever room it has left. @returns What frees what it took. */
async function growMemory(backend: string): Promise<() => void> {
  const held: Array<{dispose(): void}> = [];
  for (let size = 1 << 16, grown = false; !grown; size *= 2) {
    grown = await growths(() => {
      const tensor = tf.fill([size], 1);
      held.push(tensor);
      if (backend === 'wasm') return;
      const variable = tf.variable(tensor), optimizer = learnedOptimizer();
      optimizer.applyGradients({[variable.name]: tensor});
      held.push(variable, optimizer);
    }) > 0;
  }
  return () => held.forEach(one => one.dispose());
}

/** Has the memory that slots and new values are in be full while `run` runs. */
async function whileFull(backend: string, run: () => Promise<void> | void): Promise<void> {
  const full = (): number => {
    throw new RangeError('Maximum memory size exceeded');
  };
  if (backend !== 'wasm') {
    await withGrow(() => full, run);
    return;
  }
  const {wasm} = tf.backend() as unknown as {wasm: {_malloc: (bytes: number) => number}}, real = wasm._malloc;
  // As Emscripten's does.
  wasm._malloc = () => 0;
  try {
    await run();
  } finally {
    wasm._malloc = real;
  }
}

describe('memory', () => {
  forEachBackend(BACKENDS, backend => {
    it('that grows between two steps leaves all state and all values as they were', async () => {
      const results: Float32Array[][] = [];
      for (const growing of [false, true]) {
        const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer({numSteps: 12});
        minimize(optimizer, bowl, 0, 4);
        const state = await stateOf(optimizer), free = growing ? await growMemory(backend) : undefined;
        expect(await stateOf(optimizer)).to.deep.equal(state);
        minimize(optimizer, bowl, 4, 8);
        free?.();
        minimize(optimizer, bowl, 8, 12);
        results.push(bowl.values());
        optimizer.dispose();
        bowl.dispose();
      }
      expectSame(results[1]!, results[0]!);
    });

    it('is not asked for a variable of a gibibyte: the error says how large one may be, and the others go on', async () => {
      const bowl = new Bowl(SHAPES), optimizer = learnedOptimizer(), {variable, gradient} = pretended(FLOATS_OF_A_GIBIBYTE);
      minimize(optimizer, bowl, 0, 2);
      const before = {numTensors: tf.memory().numTensors, values: bowl.values(), state: await stateOf(optimizer)};
      expect(await growths(() => {
        expect(() => optimizer.applyGradients([{name: variable.name, tensor: gradient}])).to.throw(L2OError, String(FLOATS_OF_A_GIBIBYTE)).with.property('code', 'INVALID_ARGUMENT');
        const gradients = bowl.gradients(), names = bowl.variables.map(v => v.name);
        expect(() => optimizer.applyGradients([...names, variable.name].map((name, i) => ({name, tensor: [...gradients, gradient][i]!})))).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
        tf.dispose(gradients);
      })).to.equal(0);
      expect(tf.memory().numTensors).to.equal(before.numTensors);
      expectSame(bowl.values(), before.values);
      expect(await stateOf(optimizer)).to.deep.equal(before.state);
      minimize(optimizer, bowl, 2, 3);
      expectDifferent(bowl.values(), before.values);
      tf.dispose([variable, gradient]);
      optimizer.dispose();
      bowl.dispose();
    });

    it('that is full is told of, and once there is room again training goes on as if nothing had been', async () => {
      const results: Float32Array[][] = [];
      for (const filling of [false, true]) {
        const bowl = new Bowl(SHAPES), later = new Bowl([[3]]), large = pretended(LARGE), optimizer = learnedOptimizer({numSteps: 9});
        minimize(optimizer, bowl, 0, 3);
        if (filling) {
          const gradients = [...bowl.gradients(3), ...later.gradients(), large.gradient], before = {values: bowl.values(), state: await stateOf(optimizer), numTensors: tf.memory().numTensors};
          await whileFull(backend, () => {
            const all = [...bowl.variables, ...later.variables, large.variable].map(({name}, i) => ({name, tensor: gradients[i]!}));
            // Twice: the first try must not have left anything half made.
            for (let i = 0; i < 2; i++) expect(() => optimizer.applyGradients(all)).to.throw(L2OError, 'full').with.property('code', 'ENVIRONMENT');
            // On wasm the new values need room as well.
            if (backend === 'wasm') expect(() => optimizer.applyGradients(all.slice(0, SHAPES.length))).to.throw(L2OError, 'full').with.property('code', 'ENVIRONMENT');
          });
          expect(tf.memory().numTensors).to.equal(before.numTensors);
          expectSame(bowl.values(), before.values);
          expect(await stateOf(optimizer)).to.deep.equal(before.state);
          tf.dispose(gradients);
        }
        minimize(optimizer, bowl, 3, 9);
        results.push(bowl.values());
        optimizer.dispose();
        tf.dispose([large.variable, large.gradient]);
        bowl.dispose();
        later.dispose();
      }
      expectSame(results[1]!, results[0]!);
    });
  });
});

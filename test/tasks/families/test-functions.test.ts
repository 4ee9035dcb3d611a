import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {Random} from '../../../src/random.js';
import {ackley, ackleyFamily} from '../../../src/tasks/families/ackley.js';
import {griewank, griewankFamily} from '../../../src/tasks/families/griewank.js';
import {rastrigin, rastriginFamily} from '../../../src/tasks/families/rastrigin.js';
import {rosenbrock, rosenbrockFamily} from '../../../src/tasks/families/rosenbrock.js';
import {forEachBackend} from '../../support/backends.js';

type Values = readonly number[];
const sum = (x: Values, f: (value: number, i: number) => number): number => x.reduce((total, value, i) => total + f(value, i), 0);

/** The definitions, as the literature writes them, in float64. */
const DEFINITIONS = {
  rosenbrock: (x: Values) => sum(x.slice(1), (next, i) => 100 * (next - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2),
  rastrigin: (x: Values) => 10 * x.length + sum(x, v => v * v - 10 * Math.cos(2 * Math.PI * v)),
  ackley: (x: Values) => -20 * Math.exp(-0.2 * Math.sqrt(sum(x, v => v * v) / x.length)) -
    Math.exp(sum(x, v => Math.cos(2 * Math.PI * v)) / x.length) + 20 + Math.E,
  griewank: (x: Values) => 1 + sum(x, v => v * v) / 4000 - x.reduce((product, v, i) => product * Math.cos(v / Math.sqrt(i + 1)), 1),
};

const FUNCTIONS = {rosenbrock, rastrigin, ackley, griewank};
const FAMILIES = {rosenbrock: rosenbrockFamily, rastrigin: rastriginFamily, ackley: ackleyFamily, griewank: griewankFamily};
const MINIMA = {rosenbrock: 1, rastrigin: 0, ackley: 0, griewank: 0};
const NAMES = ['rosenbrock', 'rastrigin', 'ackley', 'griewank'] as const;

function valueAt(name: (typeof NAMES)[number], x: Values): number {
  return tf.tidy(() => FUNCTIONS[name](tf.tensor1d([...x])).dataSync()[0]!);
}

describe('the test functions', () => {
  it('have the values that the literature gives', () => {
    expect(valueAt('rosenbrock', [-1.2, 1])).to.be.closeTo(24.2, 1e-4);
    expect(valueAt('rosenbrock', [0, 0, 0])).to.equal(2);
    expect(valueAt('rastrigin', [4.52299366, 4.52299366])).to.be.closeTo(80.7065803, 1e-4);
    expect(valueAt('rastrigin', [1, 1, 1])).to.be.closeTo(3, 1e-5);
    expect(valueAt('ackley', [1, 1])).to.be.closeTo(3.6253849, 1e-5);
    expect(valueAt('griewank', [Math.PI, 0])).to.be.closeTo(2 + Math.PI ** 2 / 4000, 1e-5);
  });

  forEachBackend(['cpu', 'wasm'], () => {
    for (const name of NAMES) {
      it(`${name} is 0 at its minimum, and flat there`, () => {
        for (const dimension of [2, 3, 17, 100]) {
          const minimum = new Array<number>(dimension).fill(MINIMA[name]);
          expect(valueAt(name, minimum)).to.be.closeTo(0, 1e-12);
          const gradient = tf.tidy(() => tf.grad((x: tf.Tensor) => FUNCTIONS[name](x as tf.Tensor1D))(tf.tensor1d(minimum)).dataSync());
          expect(Math.max(...gradient.map(Math.abs))).to.equal(0);
        }
      });

      it(`${name} follows its definition in any dimension`, () => {
        const random = new Random(1);
        for (const dimension of [2, 3, 5, 8, 31]) {
          const x = Array.from(random.normals(dimension, 3)), expected = DEFINITIONS[name](x);
          expect(valueAt(name, x)).to.be.closeTo(expected, 1e-5 * Math.abs(expected) + 1e-5);
        }
      });
    }
  });

  it('lose no digits near the minimum, where their definitions would', () => {
    const x = [1e-4, -1e-4];
    expect(valueAt('rastrigin', x) / (2e-8 * (1 + 20 * Math.PI ** 2))).to.be.closeTo(1, 1e-3);
    expect(valueAt('ackley', x) / DEFINITIONS.ackley(x)).to.be.closeTo(1, 1e-3);
  });
});

describe('the families of test functions', () => {
  for (const name of NAMES) {
    it(`${name}: without a shift the minimum is where it is defined`, () => {
      const task = FAMILIES[name]({dimension: 4, shift: 0}).sample(new Random(0));
      const loss = tf.tidy(() => task.loss({x: tf.fill([4], MINIMA[name])}, undefined).dataSync()[0]!);
      expect(loss).to.be.closeTo(0, 1e-12);
      task.dispose?.();
    });

    it(`${name}: dimension, start and shift keep to their options`, () => {
      const sizes = new Set<number>();
      for (let seed = 0; seed < 40; seed++) {
        const task = FAMILIES[name]({dimension: [2, 4], startRadius: 0.5, shift: 0}).sample(new Random(seed)), {x} = task.init();
        sizes.add(x!.size);
        expect(Math.max(...x!.dataSync().map(value => Math.abs(value - MINIMA[name])))).to.be.at.most(0.5);
        x!.dispose();
        task.dispose?.();
      }
      expect([...sizes].sort()).to.deep.equal([2, 3, 4]);
    });
  }

  it('have minima at different places', () => {
    const losses = [0, 1].map(seed => {
      const task = rastriginFamily({dimension: 3}).sample(new Random(seed));
      const loss = tf.tidy(() => task.loss({x: tf.zeros([3])}, undefined).dataSync()[0]!);
      task.dispose?.();
      return loss;
    });
    expect(losses[0]).to.be.above(0.1);
    expect(losses[1]).to.not.equal(losses[0]);
  });

  it('name the option that is wrong', () => {
    for (const [options, name] of [[{dimension: 1}, 'dimension'], [{dimension: [4, 2]}, 'dimension'], [{dimension: 2.5}, 'dimension'],
      [{startRadius: 0}, 'startRadius'], [{shift: -1}, 'shift'], [{shift: NaN}, 'shift']] as [object, string][]) {
      expect(() => rosenbrockFamily(options)).to.throw(`rosenbrockFamily: ${name} must be`).with.property('code', 'INVALID_ARGUMENT');
    }
    expect(() => rosenbrockFamily({dimensions: 3} as object)).to.throw("Did you mean 'dimension'?").with.property('code', 'UNKNOWN_OPTION');
  });
});

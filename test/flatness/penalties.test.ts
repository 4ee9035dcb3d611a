import {expect} from 'chai';
import {flatnessTerm} from '../../src/flatness/create-term.js';
import type {FlatnessMeasure} from '../../src/flatness/measure-options.js';
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import {Random} from '../../src/random.js';
import {counted, matrixWith, networkProbe, probeOf, quadraticProbe} from './probes.js';

/** One of each kind of penalty. */
const PENALTIES: Readonly<Record<string, FlatnessMeasure>> = {
  'local entropy': {measure: 'localEntropy', gamma: 100, samples: 8},
  'local entropy by Langevin steps': {measure: 'localEntropy', gamma: 100, samples: 24, steps: 3},
  'trace norm': {measure: 'hessianTrace', samples: 8},
  'absolute trace': {measure: 'hessianTrace', penalty: 'absolute', samples: 8},
  'spectral norm': {measure: 'hessianNorm', samples: 12},
  'Frobenius norm': {measure: 'hessianNorm', norm: 'frobenius', samples: 8},
  'worst sharpness': {measure: 'sharpness', radius: 0.1},
  'mean sharpness': {measure: 'sharpness', over: 'mean', samples: 8, radius: 0.3},
};
const each = (test: (options: FlatnessMeasure, name: string) => void): void => {
  for (const [name, options] of Object.entries(PENALTIES)) test({...options, scaling: 'plain'}, name);
};

describe('flatness penalties', () => {
  each((options, name) => {
    it(`${name}: value and gradient agree, and scale with the strength`, () => {
      const network = networkProbe(1, {sizes: [3, 4, 2]});
      const [one, three] = [1, 3].map(strength => flatnessTerm({...options, strength}));
      const {value, gradient} = one!.gradient(network, new Random(5));
      expect(one!.value(network, new Random(5)) / value).to.be.closeTo(1, 1e-3);
      expect(three!.value(network, new Random(5)) / one!.value(network, new Random(5))).to.be.closeTo(3, 1e-6);
      three!.gradient(network, new Random(5)).gradient.forEach((g, i) => expect(g).to.be.closeTo(3 * gradient[i]!, 1e-5 * Math.abs(g)));
    });
  });

  // Langevin's gradient is that of the integral, not of the samples; the worst case holds its direction constant.
  for (const [name, tolerance] of [['local entropy', 0.01], ['trace norm', 0.02], ['absolute trace', 0.02], ['spectral norm', 0.05], ['mean sharpness', 0.01]] as const) {
    it(`${name}: the gradient is the slope of the value`, () => {
      const network = networkProbe(2, {sizes: [4, 6, 3], numExamples: 20, steps: 60}), term = flatnessTerm({...PENALTIES[name], scaling: 'plain', ...(name === 'spectral norm' && {samples: 40}), strength: 1});
      const at = network.parameters(), {gradient} = term.gradient(network, new Random(3));
      expect(term.value(network, new Random(3))).to.be.above(0);
      for (const seed of [1, 2, 3]) {
        // Along the gradient with some noise, so that the slope is not small by chance.
        const noise = new Random(seed).normals(at.length), size = Math.hypot(...gradient) / Math.sqrt(at.length);
        const direction = gradient.map((g, i) => (g / size + noise[i]!) / 2), h = 0.01;
        const [plus, minus] = [h, -h].map(step => term.value(network.at(at.map((x, i) => x + step * direction[i]!)), new Random(3)));
        const slope = (plus! - minus!) / (2 * h), expected = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
        expect(slope / expected, `direction ${seed}`).to.be.closeTo(1, tolerance);
      }
    });
  }

  it('worst sharpness: the gradient is the difference of the gradients at the worst point and here', () => {
    const probe = quadraticProbe(Float64Array.from([2, 0, 0, 0.5]), [1, 0]);
    const {value, gradient} = flatnessTerm({measure: 'sharpness', radius: 0.1, scaling: 'plain', strength: 1}).gradient(probe, new Random(1));
    expect(value).to.be.closeTo(1.1 ** 2 - 1, 1e-6);
    expect(gradient[0]).to.be.closeTo(0.2, 1e-6);
    expect(gradient[1]).to.equal(0);
  });

  it('local entropy by Langevin steps: the gradient is that of many Gaussian samples', () => {
    // f(x, y) = ½(1 + x²)y² at its valley's floor: the penalty is ½ log(1 + (1 + x²)/γ), its slope x/(γ + 1 + x²).
    const x = 0.8, probe = probeOf([x, 0], ([a, b]) => ({loss: (1 + a! * a!) * b! * b! / 2, gradient: Float64Array.of(a! * b! * b!, (1 + a! * a!) * b!)}));
    for (const [gamma, steps] of [[20, 1], [20, 8]] as const) {
      const {value, gradient} = flatnessTerm({measure: 'localEntropy', gamma, samples: 16_000, steps, scaling: 'plain', strength: 1}).gradient(probe, new Random(4));
      expect(value / (Math.log(1 + (1 + x * x) / gamma) / 2), `${steps} steps`).to.be.closeTo(1, 0.08);
      expect(gradient[0]! / (x / (gamma + 1 + x * x)), `${steps} steps`).to.be.closeTo(1, 0.15);
    }
  });

  describe('never reward negative curvature', () => {
    each((options, name) => {
      const term = flatnessTerm({...options, strength: 1});

      it(`${name} is never below its value on a flat loss, which is 0`, () => {
        expect(term.value(quadraticProbe(new Float64Array(16), [1, 2, 3, 4]), new Random(1))).to.equal(0);
        for (let seed = 0; seed < 30; seed++) {
          const random = new Random(seed), eigenvalues = Array.from({length: 4}, () => random.normal() * 5 - seed % 5);
          const probe = quadraticProbe(matrixWith(eigenvalues, random), random.normals(4, seed % 3)), {value, gradient} = term.gradient(probe, random);
          expect(value).to.be.at.least(0);
          expect(gradient.every(Number.isFinite)).to.equal(true);
        }
      });

      it(`${name} does not fall as a ridge grows steeper`, () => {
        const values = [-1, -2, -4].map(curvature => term.value(quadraticProbe(Float64Array.from([curvature, 0, 0, curvature / 2]), [0, 0]), new Random(2)));
        expect(values[1]).to.be.at.least(values[0]!);
        expect(values[2]).to.be.at.least(values[1]!);
      });

      it(`${name}: descent on it never bends a ridge further down`, () => {
        // f = ½xy² has the curvature x across the line y = 0.
        const ridge = (x: number): LossProbe => probeOf([x, 0], ([a, b]) => ({loss: a! * b! * b! / 2, gradient: Float64Array.of(b! * b! / 2, a! * b!)}));
        for (const x of [-2, -0.5]) expect(term.gradient(ridge(x), new Random(3)).gradient[0], `curvature ${x}`).to.be.at.most(1e-5);
        if (name !== 'worst sharpness') expect(term.gradient(ridge(2), new Random(3)).gradient[0]).to.be.above(0);
      });
    });

    it('take more samples than a call takes arguments', () => {
      const term = flatnessTerm({measure: 'localEntropy', samples: 3e5, gamma: 100, scaling: 'plain', strength: 1});
      expect(term.gradient(quadraticProbe(Float64Array.of(1), [0]), new Random(1)).value).to.be.closeTo(Math.log(1.01) / 2, 2e-4);
    });

    it('count a saddle\'s way down like its way up by the norms, against it by the others, which stay above 0', () => {
      const saddle = (options: FlatnessMeasure): number[] => [0, 1, 2, 3].map(down =>
        flatnessTerm({...options, scaling: 'plain', strength: 1}).value(quadraticProbe(Float64Array.from([4, 0, 0, -down]), [0, 0]), new Random(6)));
      const norm = saddle({measure: 'hessianTrace', samples: 64});
      norm.forEach((value, down) => expect(value).to.be.closeTo(Math.hypot(4, down), 0.35));
      for (const options of [{measure: 'hessianTrace', penalty: 'absolute', samples: 64}, {measure: 'localEntropy', gamma: 100, samples: 512}, {measure: 'sharpness', over: 'mean', radius: 0.1, samples: 512}] as const) {
        const values = saddle(options);
        expect(values[3]).to.be.below(values[0]!).and.above(0);
      }
    });
  });

  describe('cost', () => {
    const costs: Readonly<Record<string, {value: readonly [losses: number, gradients: number]; gradient: readonly [losses: number, gradients: number]}>> = {
      'local entropy': {value: [9, 0], gradient: [0, 9]},
      'local entropy by Langevin steps': {value: [9, 16], gradient: [0, 25]},
      'trace norm': {value: [0, 8], gradient: [0, 24]},
      'absolute trace': {value: [0, 8], gradient: [0, 9]},
      'spectral norm': {value: [0, 12], gradient: [0, 15]},
      'Frobenius norm': {value: [0, 8], gradient: [0, 24]},
      'worst sharpness': {value: [1, 1], gradient: [0, 2]},
      'mean sharpness': {value: [9, 0], gradient: [0, 9]},
    };
    each((options, name) => {
      it(`${name} takes as many evaluations as it says`, () => {
        const term = flatnessTerm({...options, strength: 1});
        for (const kind of ['value', 'gradient'] as const) {
          const probe = counted(networkProbe(3, {sizes: [3, 4, 2]}));
          term[kind](probe, new Random(1));
          expect([probe.losses, probe.gradients], kind).to.deep.equal(costs[name]![kind]);
        }
      });
    });
  });

  describe('scale invariance', () => {
    const sizes = [5, 8, 6, 3], network = networkProbe(4, {sizes, activation: 'relu'});
    /** The same function: layer l times factor[l], biases by the product so far; the factors multiply to 1. */
    const rescaled = ((): LossProbe => {
      const factors = [4, 0.1, 2.5], at = network.parameters();
      let start = 0, soFar = 1;
      factors.forEach((factor, l) => {
        soFar *= factor;
        const kernel = sizes[l]! * sizes[l + 1]!;
        for (let i = 0; i < kernel + sizes[l + 1]!; i++) at[start + i]! *= i < kernel ? factor : soFar;
        start += kernel + sizes[l + 1]!;
      });
      return network.at(at);
    })();

    each((options, name) => {
      for (const scaling of ['tensor', 'filter'] as const) {
        it(`${name} relative to each ${scaling} stays within 2 % when a relu net's layers are rescaled, and the plain one does not`, () => {
          const values = (kind: string): number[] => [network, rescaled].map(probe => flatnessTerm({...options, scaling: kind, strength: 1}).value(probe, new Random(6)));
          const [here, there] = values(scaling), [plainHere, plainThere] = values('plain');
          expect(here).to.be.above(0);
          expect(there! / here!).to.be.closeTo(1, 0.02);
          expect(Math.abs(Math.log(plainThere! / plainHere!))).to.be.above(0.2);
        });
      }
    });
  });

  describe('losses that are not finite', () => {
    const at = new Random(8).normals(6), inner = quadraticProbe(matrixWith([1, 2, 1, 1, 3, 1], new Random(8)), at);
    const walled = (limit: number): LossProbe => {
      const isOut = (point: Float32Array): boolean => point[0]! > at[0]! + limit;
      return {...inner, loss: point => (isOut(point) ? NaN : inner.loss(point)), gradient: point => (isOut(point) ? {loss: NaN, gradient: at.map(() => NaN)} : inner.gradient(point))};
    };

    each((options, name) => {
      it(`${name} is NaN, with its gradient, where no sample is finite`, () => {
        const term = flatnessTerm({...options, strength: 1}), nowhere = walled(-1);
        expect(term.value(nowhere, new Random(1))).to.be.NaN;
        const {value, gradient} = term.gradient(nowhere, new Random(1));
        expect(value).to.be.NaN;
        expect(gradient.every(Number.isNaN)).to.equal(true);
      });
    });

    for (const name of ['local entropy', 'mean sharpness'] as const) {
      it(`${name} leaves out the pairs that are not finite, in value and gradient alike`, () => {
        const term = flatnessTerm({...PENALTIES[name], samples: 40, scaling: 'plain', strength: 1}), {value, gradient} = term.gradient(walled(0.1), new Random(1));
        expect(value).to.be.above(0).and.not.equal(term.value(inner, new Random(1)));
        expect(term.value(walled(0.1), new Random(1))).to.be.closeTo(value, 1e-9);
        expect(gradient.every(Number.isFinite)).to.equal(true);
      });
    }
  });
});

describe('flatnessTerm', () => {
  it('has a config of plain data that makes the same term again', () => {
    each(options => {
      const network = networkProbe(5, {sizes: [3, 4, 2]}), term = flatnessTerm({...options, strength: 0.5});
      const again = flatnessTerm(JSON.parse(JSON.stringify(term.config)));
      expect(again.config).to.deep.equal(term.config);
      expect(again.value(network, new Random(1))).to.equal(term.value(network, new Random(1)));
    });
  });

  it('fills in defaults', () => {
    expect(flatnessTerm({measure: 'localEntropy', strength: 1}).config).to.deep.equal({measure: 'localEntropy', gamma: 400, steps: 1, samples: 8, scaling: 'tensor', strength: 1});
    expect(flatnessTerm({measure: 'localEntropy', steps: 5, strength: 1}).config).to.include({samples: 10});
    expect(flatnessTerm({measure: 'sharpness', strength: 1}).config).to.deep.equal({measure: 'sharpness', over: 'worst', samples: 4, scaling: 'tensor', strength: 1});
  });

  const wrong: readonly [string, unknown, string, RegExp][] = [
    ['no object', 3, 'INVALID_ARGUMENT', /must be an object/],
    ['an unknown measure', {measure: 'entropy', strength: 1}, 'INVALID_ARGUMENT', /measure must be 'localEntropy' or/],
    ['no strength', {measure: 'sharpness'}, 'INVALID_ARGUMENT', /strength must be a number ≥ 0, got undefined/],
    ['a negative strength', {measure: 'sharpness', strength: -1}, 'INVALID_ARGUMENT', /strength/],
    ['a misspelt option', {measure: 'sharpness', strength: 1, radios: 1}, 'UNKNOWN_OPTION', /Did you mean 'radius'/],
    ['an option of another measure', {measure: 'sharpness', strength: 1, gamma: 3}, 'UNKNOWN_OPTION', /options of sharpness/],
    ['gamma 0', {measure: 'localEntropy', strength: 1, gamma: 0}, 'INVALID_ARGUMENT', /gamma must be a number > 0, got 0/],
    ['an infinite gamma', {measure: 'localEntropy', strength: 1, gamma: Infinity}, 'INVALID_ARGUMENT', /gamma/],
    ['an odd number of samples', {measure: 'localEntropy', strength: 1, samples: 5}, 'INVALID_ARGUMENT', /samples must be a multiple of 2/],
    ['samples that do not fit the steps', {measure: 'localEntropy', strength: 1, steps: 3, samples: 8}, 'INVALID_ARGUMENT', /samples must be a multiple of 6/],
    ['a radius of 0', {measure: 'sharpness', strength: 1, radius: 0}, 'INVALID_ARGUMENT', /radius/],
    ['a difference radius above 1', {measure: 'hessianNorm', strength: 1, differenceRadius: 2}, 'INVALID_ARGUMENT', /differenceRadius/],
    ['an unknown scaling', {measure: 'hessianNorm', strength: 1, scaling: 'layer'}, 'INVALID_ARGUMENT', /scaling/],
  ];
  for (const [what, options, code, message] of wrong) {
    it(`rejects ${what}`, () => expect(() => flatnessTerm(options)).to.throw(message).with.property('code', code));
  }
});

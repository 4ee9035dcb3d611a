import {expect} from 'chai';
import {Neighbourhood} from '../../src/flatness/neighbourhood.js';
import {estimateMeanSharpness, estimateWorstSharpness} from '../../src/flatness/sharpness.js';
import {Random} from '../../src/random.js';
import {matrixWith, quadraticProbe} from './probes.js';

const EIGENVALUES = [4, 1, 0.5, -1], MATRIX = matrixWith(EIGENVALUES, new Random(1));

describe('estimateWorstSharpness', () => {
  it('finds ½ρ²λmax at a minimum, where it has to start in a random direction', () => {
    const {value, numDropped} = estimateWorstSharpness(new Neighbourhood(quadraticProbe(MATRIX, [0, 0, 0, 0])), new Random(2), {radius: 0.3, samples: 30});
    expect(value).to.be.closeTo(0.3 ** 2 * 4 / 2, 1e-4);
    expect(numDropped).to.equal(0);
  });

  it('finds the highest point of the edge elsewhere', () => {
    const at = Float32Array.of(1, -1, 0.5, 0.2), probe = quadraticProbe(MATRIX, at), here = probe.loss(at), random = new Random(3);
    let highest = 0;
    for (let k = 0; k < 20_000; k++) {
      const z = random.normals(4), length = Math.hypot(...z);
      highest = Math.max(highest, probe.loss(at.map((x, i) => x + 0.4 * z[i]! / length)) - here);
    }
    expect(estimateWorstSharpness(new Neighbourhood(probe), random, {radius: 0.4, samples: 20}).value).to.be.at.least(highest - 1e-6);
  });

  it('is 0 on a peak, never below', () => {
    const peak = quadraticProbe(matrixWith([-1, -2], new Random(4)), [0, 0]);
    expect(estimateWorstSharpness(new Neighbourhood(peak), new Random(5), {radius: 0.3, samples: 5}).value).to.equal(0);
  });

  it('stops where the gradient is not finite, and says so', () => {
    const inner = quadraticProbe(MATRIX, [1, 0, 0, 0]);
    const around = new Neighbourhood({...inner, gradient: at => (at[0] === 1 ? inner.gradient(at) : {loss: NaN, gradient: new Float32Array(4)})});
    expect(() => estimateWorstSharpness(around, new Random(6), {radius: 0.1, samples: 5})).to.throw(/none in 5 samples/);
  });
});

describe('estimateMeanSharpness', () => {
  it('finds ½ρ² tr H / (n + 2), the mean over the ball, within its standard error, on slopes too', () => {
    for (const start of [[0, 0, 0, 0], [3, -2, 1, 1]]) {
      const {value, standardError} = estimateMeanSharpness(new Neighbourhood(quadraticProbe(MATRIX, start)), new Random(7), {radius: 0.5, samples: 4000});
      const truth = 0.5 ** 2 * 4.5 / 2 / 6;
      expect(Math.abs(value - truth)).to.be.below(3 * standardError);
      expect(standardError).to.be.below(truth / 20);
    }
  });

  it('is negative on a ridge: the measure is signed', () => {
    expect(estimateMeanSharpness(new Neighbourhood(quadraticProbe(matrixWith([-1, -2], new Random(8)), [0, 0])), new Random(9), {radius: 0.3, samples: 20}).value).to.be.below(0);
  });

  it('takes 5 % of the parameter vector\'s length for the radius, in the coordinates of the scaling', () => {
    const probe = quadraticProbe(Float64Array.from([1, 0, 0, 1]), [3, 4]), plain = estimateMeanSharpness(new Neighbourhood(probe), new Random(10), {samples: 2000});
    expect(plain.value).to.be.closeTo(0.25 ** 2 * 2 / 2 / 4, 1e-3);
    // Relative to the RMS, 25/2 is the square of the scale, and √2 the length.
    const scaled = estimateMeanSharpness(new Neighbourhood(probe, 'tensor'), new Random(10), {samples: 2000});
    expect(scaled.value / plain.value).to.be.closeTo(1, 1e-4);
  });

  it('drops what is not finite, and counts it', () => {
    const inner = quadraticProbe(MATRIX, [0, 0, 0, 0]), around = new Neighbourhood({...inner, loss: at => (at[1]! > 0.1 ? Infinity : inner.loss(at))});
    const {numDropped, warnings, value} = estimateMeanSharpness(around, new Random(11), {radius: 0.5, samples: 200});
    expect(numDropped).to.be.within(20, 180);
    expect(warnings.map(({code}) => code)).to.deep.equal(['SAMPLES_DROPPED']);
    expect(Number.isFinite(value)).to.equal(true);
  });
});

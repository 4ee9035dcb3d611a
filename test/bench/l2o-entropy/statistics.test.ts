import {expect} from 'chai';
import {bootstrap, pairedDifference} from '../../../bench/l2o-entropy/statistics.js';
import {Random} from '../../../src/random.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('bootstrap', () => {
  it('has the interval of the normal distribution for the mean of many normal values', () => {
    const values = [...new Random(1).normals(400, 2)], found = bootstrap(400, units => mean(units.map(i => values[i]!)), new Random(2));
    const deviation = Math.sqrt(mean(values.map(x => (x - mean(values)) ** 2)) / 400);
    expect(found.mean).to.be.closeTo(mean(values), 1e-12);
    // The ends of 4,000 replicates are known to some 3 % of the width.
    expect((found.mean - found.low) / deviation).to.be.closeTo(1.96, 0.15);
    expect((found.high - found.mean) / deviation).to.be.closeTo(1.96, 0.15);
  });

  it('covers the mean in about 95 of 100 samples of 50', () => {
    let covered = 0;
    for (let k = 0; k < 200; k++) {
      const values = new Random(k).normals(50), {low, high} = bootstrap(50, units => mean(units.map(i => values[i]!)), new Random(k), 300);
      if (low <= 0 && high >= 0) covered++;
    }
    // Binomial: 190 ± 3 deviations of 3.1; percentile intervals of 50 values cover a little less.
    expect(covered).to.be.within(178, 200);
  });

  it('draws units, not values: what hangs together stays together', () => {
    const drawn: number[][] = [];
    bootstrap(3, units => drawn.push([...units]), new Random(0), 50);
    expect(drawn[0]).to.eql([0, 1, 2]);
    expect(drawn.every(units => units.length === 3 && units.every(unit => unit >= 0 && unit < 3))).to.equal(true);
  });

  it('knows no interval of one unit', () => {
    expect(bootstrap(1, () => 7, new Random(0))).to.eql({mean: 7, low: NaN, high: NaN});
  });
});

describe('pairedDifference', () => {
  it('pairs by place, so that what twins share does not widen the interval', () => {
    const shared = [0, 100, -300, 50, 20], plain = shared, treated = shared.map((x, i) => x + 1 + 0.1 * (i - 2));
    const found = pairedDifference(treated, plain, new Random(0));
    expect(found.mean).to.be.closeTo(1, 1e-12);
    expect(found.low).to.be.above(0.8);
    expect(found.high).to.be.below(1.2);
    // t(4) = 2.7764 times √(0.025 / 5).
    expect(found.tHigh - found.mean).to.be.closeTo(2.7764 * Math.sqrt(0.025 / 5), 1e-9);
    expect(found.detectable).to.be.closeTo((2.7764 + 0.8416) * Math.sqrt(0.025 / 5), 1e-9);
  });

  it('turns its sign where the twins change places', () => {
    const a = [1, 2, 4], b = [0, 3, 1];
    expect(pairedDifference(a, b, new Random(0)).mean).to.equal(-pairedDifference(b, a, new Random(0)).mean);
  });

  it('refuses values that are no pairs', () => {
    expect(() => pairedDifference([1, 2], [1], new Random(0))).to.throw(/expected pairs, got 2 and 1 values/);
  });
});

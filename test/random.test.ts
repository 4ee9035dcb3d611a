import {expect} from 'chai';
import {Random} from '../src/random.js';

const COUNT = 20_000;

function draws(count: number, draw: () => number): number[] {
  return Array.from({length: count}, draw);
}

function moments(values: ArrayLike<number>): {mean: number; deviation: number} {
  const list = Array.from(values), mean = list.reduce((a, b) => a + b, 0) / list.length;
  return {mean, deviation: Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length)};
}

describe('Random', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const numbers = (seed: number): number[] => {
      const random = new Random(seed);
      return draws(50, () => random.next());
    };
    expect(numbers(7)).to.deep.equal(numbers(7));
    for (const seed of [0, 1, 6, 8, 2 ** 32 - 1]) expect(numbers(seed)).to.not.deep.equal(numbers(7));
  });

  it('gives the numbers that it has always given: recipes depend on them', () => {
    const random = new Random(7);
    expect(draws(3, () => random.next())).to.deep.equal([3427544440, 2767722864, 2964993304]);
    expect(random.fork('data').next()).to.equal(2136518281);
  });

  it('forks generators that depend on seed and label, and not on how much was drawn', () => {
    const fresh = new Random(7), used = new Random(7);
    draws(10, () => used.normal());
    expect(used.fork('data').next()).to.equal(fresh.fork('data').next());
    const labels = ['data', 'date', 'atad', 0, 1, 12, 21];
    expect(new Set(labels.map(label => fresh.fork(label).next()))).to.have.property('size', labels.length);
    expect(fresh.fork('data').next()).to.not.equal(new Random(8).fork('data').next());
  });

  it('draws 32-bit integers, uniform numbers and integers in their ranges, evenly', () => {
    const random = new Random(1);
    expect(draws(1000, () => random.next()).every(x => Number.isInteger(x) && x >= 0 && x < 2 ** 32)).to.be.true;
    const uniform = draws(COUNT, () => random.uniform(-2, 4));
    expect(uniform.every(x => x >= -2 && x < 4)).to.be.true;
    expect(moments(uniform).mean).to.be.closeTo(1, 0.05);
    expect(moments(uniform).deviation).to.be.closeTo(6 / Math.sqrt(12), 0.05);
    const counts = new Array<number>(7).fill(0);
    for (const i of draws(COUNT, () => random.integer(7))) counts[i]!++;
    for (const count of counts) expect(count / COUNT).to.be.closeTo(1 / 7, 0.015);
  });

  it('draws log-uniform numbers, evenly over decades', () => {
    const random = new Random(2), values = draws(COUNT, () => random.logUniform(0.01, 100));
    expect(values.every(x => x >= 0.0099999 && x < 100.0001)).to.be.true;
    expect(values.filter(x => x < 1).length / COUNT).to.be.closeTo(0.5, 0.015);
    expect(values.filter(x => x < 0.1).length / COUNT).to.be.closeTo(0.25, 0.015);
  });

  it('draws normal numbers of mean 0 and deviation 1, or as asked', () => {
    const random = new Random(3), {mean, deviation} = moments(draws(COUNT, () => random.normal()));
    expect(mean).to.be.closeTo(0, 0.03);
    expect(deviation).to.be.closeTo(1, 0.03);
    expect(moments(random.normals(COUNT, 5)).deviation).to.be.closeTo(5, 0.15);
    expect(random.normals(0)).to.have.lengthOf(0);
    const inside = Array.from(random.normals(COUNT)).filter(x => Math.abs(x) < 1).length / COUNT;
    expect(inside).to.be.closeTo(0.6827, 0.015);
  });

  it('picks, and chances, as often as asked', () => {
    const random = new Random(4), picked = draws(COUNT, () => random.pick([1, 2, 4, 8]));
    expect(new Set(picked)).to.have.property('size', 4);
    expect(moments(picked).mean).to.be.closeTo(15 / 4, 0.1);
    expect(draws(COUNT, () => Number(random.chance(0.3))).filter(x => x === 1).length / COUNT).to.be.closeTo(0.3, 0.015);
    expect([random.chance(0), random.chance(1)]).to.deep.equal([false, true]);
  });

  it('permutes: each number once, each place as often', () => {
    const random = new Random(5), places = new Array<number>(5).fill(0);
    for (let i = 0; i < 5000; i++) {
      const permutation = random.permutation(5);
      expect([...permutation].sort()).to.deep.equal([0, 1, 2, 3, 4]);
      places[permutation.indexOf(0)]!++;
    }
    for (const count of places) expect(count / 5000).to.be.closeTo(0.2, 0.025);
    expect([...random.permutation(1)]).to.deep.equal([0]);
    expect(random.permutation(0)).to.have.lengthOf(0);
  });
});

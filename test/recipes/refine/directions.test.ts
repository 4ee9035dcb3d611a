import {expect} from 'chai';
import {moved, savedDirections} from '../../../recipes/refine/directions.js';
import {Random} from '../../../src/random.js';
import {THETA_SIZE, thetaEntry} from '../../../src/rules/tensor-lstm/spec.js';

describe('directions of refinement', () => {
  const along = savedDirections(), theta = new Random(1).normals(THETA_SIZE);

  it('have names of their own, and leave theta as it is at 0', () => {
    expect(new Set(along.map(({name}) => name)).size).to.equal(along.length);
    expect(moved(theta, along, along.map(() => 0))).to.deep.equal(theta);
  });

  it('are independent of each other', () => {
    const steps = along.map((_, k) => moved(theta, along, along.map((__, i) => Number(i === k))).map((x, i) => x - theta[i]!));
    const basis: Float64Array[] = [];
    for (const [k, step] of steps.entries()) {
      const rest = Float64Array.from(step), length = Math.hypot(...step);
      for (const unit of basis) {
        const part = unit.reduce((sum, u, i) => sum + u * rest[i]!, 0);
        rest.forEach((x, i) => (rest[i] = x - part * unit[i]!));
      }
      const left = Math.hypot(...rest);
      expect(left / length, along[k]!.name).to.be.above(1e-3);
      basis.push(rest.map(x => x / left));
    }
  });

  it('move an output by its bias, its gain by its column, and a reading by both', () => {
    const step = (name: string): number[] => {
      const change = moved(theta, along, along.map(d => Number(d.name === name)));
      return [...change.keys()].filter(i => change[i] !== theta[i]);
    };
    const kernel = thetaEntry('outputKernel'), bias = thetaEntry('outputBias'), columnOf = (places: readonly number[]): Set<number> => new Set(places.map(i => (i - kernel.offset) % bias.size));
    expect(step('logStep')).to.deep.equal([bias.offset]);
    expect(step('decay')).to.deep.equal([thetaEntry('decay').offset]);
    expect(step('*logStep')).to.have.lengthOf(kernel.shape[0]!);
    expect(columnOf(step('*logStep'))).to.deep.equal(new Set([0]));
    expect(step('progress>logStep')).to.have.lengthOf(kernel.shape[0]! + 1).and.include(bias.offset);
  });
});

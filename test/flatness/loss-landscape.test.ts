import {expect} from 'chai';
import {lossLandscape} from '../../src/flatness/loss-landscape.js';
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import {Random} from '../../src/random.js';
import {probeOf} from './probes.js';

const INPUTS = 4, OUTPUTS = 3, START = new Random(2).normals(INPUTS * OUTPUTS + OUTPUTS).map((x, i) => x * (1 + i % OUTPUTS * 10));

/** Parameters of a dense layer, whose filters are of very unequal length, and the points at which its loss is asked for. */
function recording(): {probe: LossProbe; seen: Float32Array[]} {
  const seen: Float32Array[] = [], plain = probeOf([...START], () => ({loss: 0, gradient: new Float64Array(START.length)}));
  return {seen, probe: {...plain, shapes: [[INPUTS, OUTPUTS], [OUTPUTS]], parameters: () => START.slice(), loss: at => (seen.push(at.slice()), 0)}};
}

describe('lossLandscape', () => {
  it('moves each filter by its own length a step, and biases not at all', async () => {
    const {probe, seen} = recording();
    const {steps} = await lossLandscape(probe, new Random(1), {points: 5, extent: 2}, () => Promise.resolve());
    expect(steps).to.deep.equal([-2, -1, 0, 1, 2]);
    const lengthOf = (values: ArrayLike<number>, column: number): number => Math.hypot(...Array.from({length: INPUTS}, (_, row) => values[row * OUTPUTS + column]!));
    const at = (row: number, column: number): Float32Array => seen[row * steps.length + column]!.map((x, i) => x - START[i]!);
    expect(at(2, 2).every(x => x === 0), 'the centre').to.equal(true);
    for (const [row, column, step] of [[2, 3, 1], [2, 4, 2], [2, 0, 2], [3, 2, 1], [0, 2, 2]] as const) {
      const moved = at(row, column);
      for (let filter = 0; filter < OUTPUTS; filter++) expect(lengthOf(moved, filter) / lengthOf(START, filter)).to.be.closeTo(step, 1e-4);
      expect(moved.slice(INPUTS * OUTPUTS).every(x => x === 0)).to.equal(true);
    }
    const [across, up] = [at(2, 3), at(3, 2)], cosine = across.reduce((dot, x, i) => dot + x * up[i]!, 0) / Math.hypot(...across) / Math.hypot(...up);
    expect(Math.abs(cosine), 'two directions').to.be.below(0.9);
  });
});

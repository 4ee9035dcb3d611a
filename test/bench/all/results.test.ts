import {expect} from 'chai';
import {mergeResults} from '../../../bench/all/results.js';
import {SAMPLE} from './sample.js';

describe('mergeResults', () => {
  const [row] = SAMPLE.rows, fresh = {
    ...SAMPLE, node: 'v22.0.0', leftOut: [{part: 'step', why: 'too large'}] as const, rows: [{...row!, nsPerParam: 5}, {...row!, backend: 'node' as const}], models: [], memory: [], start: [],
  };

  it('replaces the parts that were measured, on the backends they were measured on, and keeps the others', () => {
    const {trainingKernels, ...measured} = fresh, merged = mergeResults(SAMPLE, measured, ['step'], ['wasm', 'node']);
    expect(merged.rows.map(({backend, numParams, nsPerParam}) => [backend, numParams, nsPerParam])).to.deep.equal([['wasm', 10_000, 5], ['node', 10_000, 4], ['webgl', 10_000, 30]]);
    expect([merged.models, merged.memory, merged.start, merged.trainingKernels]).to.deep.equal([SAMPLE.models, SAMPLE.memory, SAMPLE.start, trainingKernels]);
    expect(merged.leftOut.map(({part}) => part)).to.deep.equal(['roofline', 'step']);
    expect(merged.node).to.equal('v22.0.0');
  });

  it('forgets what was left out once it is measured', () => {
    expect(mergeResults(SAMPLE, {...fresh, leftOut: []}, ['roofline'], []).leftOut).to.deep.equal([]);
  });
});

import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import {memory, setBackend} from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {twoValleyRule, type TwoValleyPlan, type TwoValleyRow} from '../../../bench/flatness-two-valleys/meta-fit.js';
import {Records} from '../../../bench/l2o-entropy/records.js';

const PLAN: TwoValleyPlan = {tuningSeeds: [5], metaSeeds: [1, 2], startSteps: 1, outerSteps: 1, numRuns: 3};

describe('twoValleyRule', () => {
  it('compares twins of the same seeds with tuned strengths, leaves no tensors, and makes nothing twice', async () => {
    await setBackend('cpu');
    const folder = mkdtempSync(join(tmpdir(), 'l2o-valleys-')), {numTensors} = memory(), done: string[] = [];
    try {
      const found = await twoValleyRule(new Records(folder), 'tensor-lstm', PLAN, what => done.push(what)) as Record<'plain' | 'localEntropy' | 'hessian', TwoValleyRow>;
      expect(memory().numTensors).to.equal(numTensors);
      expect(done).to.have.length(2 + 2 * (4 + 2 + 2));
      for (const row of [found.localEntropy, found.hessian]) {
        expect(row.difference).to.include({numMetaSeeds: 2, numRuns: 3});
        expect(row.difference.mean).to.be.closeTo(row.wideShare - found.plain.wideShare, 1e-12);
        expect(row.settledDifference.mean).to.be.closeTo(row.settledShare - found.plain.settledShare, 1e-12);
        expect(row.strength).to.equal(row.tuning.reduce((best, score) => (score.settledShare > best.settledShare ? score : best)).strength);
        expect(row.strongest.strength).to.equal(row.tuning.at(-1)!.strength);
      }
      const again = await twoValleyRule(new Records(folder), 'tensor-lstm', PLAN, () => undefined);
      expect(again).to.deep.equal(found);
    } finally {
      rmSync(folder, {recursive: true});
    }
  });
});

import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {ROOT} from '../support/packed-project.js';

describe('the model card', () => {
  const card = readFileSync(join(ROOT, 'weights/tensor-lstm/MODEL_CARD.md'), 'utf8'), {hash} = defaultTheta();

  it('is of the theta that ships', () => {
    expect(card).to.include(`| hash | \`${hash}\` |`);
  });

  it('gives the figures of the results', () => {
    const {speedup, noWorseThanAdam} = JSON.parse(readFileSync(join(ROOT, 'docs/results/unseen.json'), 'utf8')) as {speedup: Record<string, {iqm: number; low: number; high: number}>; noWorseThanAdam: number};
    for (const name of ['adam', 'adamCosine', 'celo']) {
      const {iqm, low, high} = speedup[name]!;
      expect(card, name).to.include(`${iqm.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`);
    }
    expect(card).to.include(`${(100 * noWorseThanAdam).toFixed(0)} % of the tasks`);
  });

  for (const name of ['tensor-lstm-card', 'sensitivity']) {
    it(`stands beside figures of that theta: ${name}`, () => {
      expect((JSON.parse(readFileSync(join(ROOT, `docs/results/${name}.json`), 'utf8')) as {theta: string}).theta).to.equal(hash);
    });
  }
});

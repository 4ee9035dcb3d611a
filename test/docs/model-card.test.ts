import {expect} from 'chai';
import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {defaultTheta} from '../../src/theta/default-theta.js';
import {relativeLinks} from '../support/markdown.js';
import {ROOT} from '../support/packed-project.js';

const CARD = join(ROOT, 'weights/tensor-lstm/MODEL_CARD.md');

describe('the model card', () => {
  const card = readFileSync(CARD, 'utf8'), {hash} = defaultTheta();

  it('is of the theta that ships, and has no broken link', () => {
    expect(card).to.include(`| hash | \`${hash}\` |`);
    expect(relativeLinks(card).filter(target => !existsSync(join(dirname(CARD), target)))).to.deep.equal([]);
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

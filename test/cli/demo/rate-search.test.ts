import {expect} from 'chai';
import {gridRate, searchRate} from '../../../src/cli/demo/rate-search.js';
import {L2OError} from '../../../src/errors.js';

/** A loss with its minimum at the rate 10^(exponent), that keeps count. */
function valley(exponent: number): {tried: number[]; score: (rate: number) => Promise<number>} {
  const tried: number[] = [];
  return {tried, score: (rate) => {
    tried.push(rate);
    return Promise.resolve((Math.log10(rate) - exponent) ** 2);
  }};
}

describe('searchRate', () => {
  it('tries nine half decades from 1e-4 to 1', async () => {
    const {tried, score} = valley(-2);
    const {best, scores, numWidened, isAtEdge} = await searchRate(score);
    expect(tried).to.deep.equal([1e-4, 3.16e-4, 1e-3, 3.16e-3, 0.01, 0.0316, 0.1, 0.316, 1]);
    expect(scores.map(({rate}) => rate)).to.deep.equal(tried);
    expect(best).to.deep.equal({rate: 0.01, loss: 0});
    expect({numWidened, isAtEdge}).to.deep.equal({numWidened: 0, isAtEdge: false});
  });

  it('widens downwards until the best is no longer at the edge', async () => {
    const {tried, score} = valley(-5);
    let widenings = 0;
    const {best, scores, numWidened} = await searchRate(score, () => widenings++);
    expect(best.rate).to.equal(1e-5);
    expect(tried.slice(9)).to.deep.equal([3.16e-5, 1e-5, 3.16e-6]);
    expect(scores.map(({rate}) => rate)).to.deep.equal([...tried].sort((a, b) => a - b));
    expect([numWidened, widenings]).to.deep.equal([3, 3]);
  });

  it('widens upwards', async () => {
    const {best, scores} = await searchRate(valley(0.5).score);
    expect(best.rate).to.equal(3.16);
    expect(scores.at(-1)?.rate).to.equal(10);
  });

  it('stops somewhere, and says that the best lies at the edge', async () => {
    const falling = await searchRate((rate) => Promise.resolve(1 / rate));
    expect(falling).to.include({isAtEdge: true, numWidened: 8});
    expect(falling.best.rate).to.equal(1e4);
    expect((await searchRate((rate) => Promise.resolve(rate))).best.rate).to.equal(gridRate(-20));
  });

  it('never takes a rate that diverges', async () => {
    const {best} = await searchRate((rate) => Promise.resolve(rate > 0.02 ? NaN : rate < 0.005 ? Infinity : 3));
    expect(best).to.deep.equal({rate: 0.01, loss: 3});
  });

  it('fails where every rate diverges', async () => {
    let failure: unknown;
    await searchRate(() => Promise.resolve(NaN)).catch((error: unknown) => failure = error);
    expect(failure).to.be.instanceOf(L2OError).with.property('code', 'NON_FINITE');
  });
});

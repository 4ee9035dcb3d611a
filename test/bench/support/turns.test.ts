import {expect} from 'chai';
import {namesGiven, numberGiven} from '../../../bench/support/args.js';
import {median, toDecimals, toDigits} from '../../../bench/support/numbers.js';
import {takeTurns} from '../../../bench/support/turns.js';

describe('takeTurns', () => {
  it('lets all take turns, and gives what each gave in the rounds that count', async () => {
    const order: string[] = [];
    let calls = 0;
    const given = await takeTurns(['a', 'b'].map(name => () => {
      order.push(name);
      return Promise.resolve(++calls);
    }), {seconds: 0, minRounds: 2, warmUpRounds: 1});
    expect(order.join('')).to.equal('ababab');
    expect(given).to.deep.equal([[3, 5], [4, 6]]);
  });

  it('makes one round at least where even the least number takes too long', async () => {
    expect(await takeTurns([() => 1], {seconds: 0, minRounds: 5, maxSeconds: 0})).to.deep.equal([[1]]);
  });

  it('goes on until the time is over', async () => {
    const start = performance.now();
    await takeTurns([() => 1], {seconds: 0.05, minRounds: 1});
    expect(performance.now() - start).to.be.at.least(50);
  });
});

describe('what the benches share', () => {
  it('takes medians and rounds', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), toDecimals(1.2345, 2), toDigits(1234.5, 2)]).to.deep.equal([2, 3, 1.23, 1200]);
    expect(median([])).to.be.NaN;
  });

  it('reads names and numbers of flags, and refuses others', () => {
    const names = ['step', 'models', 'memory'] as const;
    expect(namesGiven('only', ['memory,step'], names)).to.deep.equal(['step', 'memory']);
    expect(namesGiven('only', undefined, names)).to.deep.equal(names);
    expect(namesGiven('only', undefined, names, ['models'])).to.deep.equal(['models']);
    expect(() => namesGiven('only', ['stepp'], names)).to.throw('Did you mean \'step\'?');
    expect(numberGiven('seconds', '0.5')).to.equal(0.5);
    for (const bad of ['', '-1', 'two']) expect(() => numberGiven('seconds', bad)).to.throw('--seconds takes a number');
  });
});

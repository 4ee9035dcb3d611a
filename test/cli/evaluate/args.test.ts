import {expect} from 'chai';
import {parseCommand} from '../../../src/cli/args.js';
import {suiteModule} from '../../../src/cli/evaluate/suites.js';
import {L2OError} from '../../../src/errors.js';

describe('tfjs-l2o evaluate, its flags', () => {
  it('fills in defaults', () => {
    const command = parseCommand(['evaluate', 'validation']);
    expect(command).to.have.nested.property('options.workers').that.is.at.least(1);
    expect(command).to.deep.include({kind: 'evaluate'}).and.have.property('options').that.deep.includes({
      suite: 'validation', json: false, theta: undefined, recipe: [], peers: [], tasks: undefined, baselines: undefined, seeds: 5, cache: 'runs/evaluation',
      limitMinutes: undefined, out: undefined, report: 'tfjs-l2o-evaluation.html', log: undefined,
    });
  });

  it('reads every flag', () => {
    const words = [
      'evaluate', 'unseen', '--json', '--theta', 'a.safetensors', '--recipe', 'a.ts,b.ts', '--peers=p.js, q.js', '--tasks', 'one;two, words', '--baselines', 'adam,sgdMomentum',
      '--seeds', '3', '--workers', '0', '--cache', 'c', '--limit-minutes', '90', '--out', 'o.json', '--report', 'r.html', '--log', 'l.jsonl',
    ];
    expect(parseCommand(words)).to.deep.equal({kind: 'evaluate', options: {
      suite: 'unseen', json: true, theta: 'a.safetensors', recipe: ['a.ts', 'b.ts'], peers: ['p.js', 'q.js'], tasks: ['one', 'two, words'], baselines: ['adam', 'sgdMomentum'],
      seeds: 3, workers: 0, cache: 'c', limitMinutes: 90, out: 'o.json', report: 'r.html', log: 'l.jsonl',
    }});
  });

  const WRONG: Readonly<Record<string, readonly [line: string, message: RegExp]>> = {
    'no suite': ['evaluate', /needs its argument SUITE/],
    'two suites': ['evaluate seen validation', /one SUITE, got 'seen' and 'validation'/],
    'unseen without a log': ['evaluate unseen', /a judge, not a guide: every run of it is logged. Pass --log FILE/],
    'unseen by its path without a log': ['evaluate ./src/evaluation/suites/unseen.ts', /Pass --log FILE/],
    'an unknown flag': ['evaluate seen --worker 2', /Did you mean '--workers'\?/],
    'an unknown baseline': ['evaluate seen --baselines adam,adamW', /--baselines takes one of adam, adamCosine, adamwCosine, sgdMomentum, got 'adamW'/],
    'no seeds': ['evaluate seen --seeds 0', /--seeds takes an integer from 1 to 100, got '0'/],
    'a limit of no minutes': ['evaluate seen --limit-minutes 0', /--limit-minutes takes an integer from 1/],
    'half a minute': ['evaluate seen --limit-minutes 0.5', /--limit-minutes takes an integer/],
    'an empty path': ['evaluate seen --out=', /--out takes the path of the result to write, got nothing/],
  };
  for (const [what, [line, message]] of Object.entries(WRONG)) {
    it(`refuses ${what}`, () => {
      expect(() => parseCommand(line.split(' '))).to.throw(L2OError, message);
    });
  }

  it('finds suites by name, path and URL, and names the nearest', () => {
    expect(suiteModule('validation')).to.match(/^file:.*src\/evaluation\/suites\/validation\.ts$/);
    expect(suiteModule('test/evaluation/toy-suite.ts')).to.equal('test/evaluation/toy-suite.ts');
    expect(suiteModule('file:///a/suite.js')).to.equal('file:///a/suite.js');
    expect(() => suiteModule('validate')).to.throw(L2OError, /got 'validate'. Did you mean 'validation'\?/);
  });
});

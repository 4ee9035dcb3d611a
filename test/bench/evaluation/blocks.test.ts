import {expect} from 'chai';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {lostTasks, resultBlocks, SUITES} from '../../../bench/evaluation/blocks.js';
import {readBlocks} from '../../../bench/support/generated-block.js';
import {DOCS} from '../../../bench/support/picture.js';
import type {EvaluationResult} from '../../../src/evaluation/result.js';
import {defaultTheta} from '../../../src/theta/default-theta.js';

const blockOf = (page: string, name: string): string | undefined => readBlocks(readFileSync(join(DOCS, page), 'utf8'))[name];

describe('the page of results', () => {
  for (const suite of SUITES) {
    it(`says of ${suite} what its JSON says, of the theta that ships`, () => {
      const file = join(DOCS, `results/${suite}.json`);
      if (!existsSync(file)) {
        expect(blockOf('results.md', suite)).to.equal('');
        return;
      }
      const result = JSON.parse(readFileSync(file, 'utf8')) as EvaluationResult, {page, readme} = resultBlocks(result);
      expect(result.theta.hash).to.equal(defaultTheta().hash);
      expect(blockOf('results.md', suite)).to.equal(page);
      if (suite !== 'unseen') return;
      expect(blockOf('../README.md', suite)).to.equal(readme);
      expect(blockOf('how-to-choose.md', 'lost-tasks')).to.equal(lostTasks(result));
    });
  }
});

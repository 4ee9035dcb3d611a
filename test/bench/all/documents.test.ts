import {expect} from 'chai';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fillRegions, readRegions, regionsOf} from '../../../bench/all/documents.js';
import {figuresOf} from '../../../bench/all/figures.js';
import {goalsTable} from '../../../bench/all/goals.js';
import {benchPage} from '../../../bench/all/page.js';
import type {BenchResults} from '../../../bench/all/results.js';
import {DOCS, pictureOf} from '../../../bench/support/picture.js';
import {elementsOf} from '../../report/well-formed.js';
import {SAMPLE} from './sample.js';

const FILE = join(DOCS, 'results/bench.json'), read = (path: string): string => readFileSync(join(DOCS, path), 'utf8');

describe('the documents of the bench', () => {
  it('judge each goal by its worst figure, 500 variables left out', () => {
    const {rows} = goalsTable(SAMPLE), row = (figure: string): readonly string[] => rows.find(([name]) => name!.includes(figure))!;
    expect(row('Adam\'s, wasm')).to.include.members(['0.9', '50 of 2k', 'yes']);
    expect(row('Adam\'s, webgl')).to.include.members(['3', 'no']);
    expect(row('training kernels')).to.include.members(['100', 'aim']);
    expect(row('webgpu').at(-3)).to.equal('not measured');
    expect(row('fused').at(-3)).to.equal('not measured');
  });

  it('write into their regions what was measured, and into nothing else', () => {
    const regions = regionsOf(SAMPLE), filled = fillRegions('before\n<!-- bench:step -->\nold\n<!-- /bench -->\nafter <!-- bench:goals -->\n<!-- /bench -->', regions);
    expect(readRegions(filled)).to.deep.equal({step: regions.step, goals: regions.goals});
    expect(filled).to.match(/^before\n.*after .*$/s).and.not.include('old');
    expect(filled).to.include('| webgl | 30 (3) | – | – |');
    expect(fillRegions(filled, regions)).to.equal(filled);
    expect(() => fillRegions('<!-- bench:speed -->\n<!-- /bench -->', regions)).to.throw('got \'speed\'');
  });

  it('name what was left out', () => {
    expect(regionsOf(SAMPLE)['left-out']).to.equal('- roofline: clang-19 is not installed\n');
    expect(benchPage(SAMPLE)).to.include('clang-19 is not installed');
  });

  it('are whole pages and pictures', () => {
    const {body} = /<main>(?<body>.*)<\/main>/s.exec(benchPage(SAMPLE))!.groups as {body: string};
    expect(elementsOf(body).filter(name => name === 'table')).to.have.lengthOf(6);
    for (const {svg} of figuresOf(SAMPLE)) expect(elementsOf(pictureOf(svg))).to.include.members(['svg', 'rect', 'path']);
    expect(figuresOf(SAMPLE).map(({name}) => name)).to.deep.equal(['bench-step', 'bench-ratio-node', 'bench-ratio-gpu']);
  });

  it('say in docs/ what docs/results/bench.json says, and nothing before there is one', () => {
    const regions = {...readRegions(read('bench.md')), ...readRegions(read('../README.md'))}, names = Object.keys(regionsOf(SAMPLE));
    expect(Object.keys(regions)).to.have.members(names);
    const pictures = readdirSync(join(DOCS, 'images')).filter(name => name.startsWith('bench-'));
    if (!existsSync(FILE)) {
      expect(Object.entries(regions).filter(([name, text]) => name !== 'readme' && text !== '')).to.deep.equal([]);
      expect(pictures).to.deep.equal([]);
      return;
    }
    const results = JSON.parse(readFileSync(FILE, 'utf8')) as BenchResults;
    expect(regions).to.deep.equal(regionsOf(results));
    expect(pictures).to.have.members(figuresOf(results).map(({name}) => `${name}.svg`));
  });
});

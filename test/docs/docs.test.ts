import {expect} from 'chai';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {pathToFileURL} from 'node:url';
import {codeBlocks, relativeLinks, type CodeBlock} from '../support/markdown.js';
import {INSTALL_TIMEOUT_MS, packedProject, ROOT, run} from '../support/packed-project.js';

const README = join(ROOT, 'README.md');
/** Loads TypeScript; by its address, since the empty project has no tools. */
const TSX = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;

/** Writes a block as a module of the packed project and runs it there. */
function runBlock(block: CodeBlock): void {
  const {folder} = packedProject();
  const commonJs = block.language === 'js' && /\brequire\(/.test(block.code) && !/^\s*import\b/m.test(block.code);
  const name = `readme-line-${block.line}.${block.language === 'ts' ? 'mts' : commonJs ? 'cjs' : 'mjs'}`;
  writeFileSync(join(folder, name), block.code);
  const {status, stdout, stderr} = run(process.execPath, [...(block.language === 'ts' ? ['--import', TSX] : []), name], folder);
  if (status !== 0) throw new Error(`README.md, line ${block.line}: this block fails\n\n${block.code}\n${stdout}${stderr}`);
}

describe('README.md', function () {
  this.timeout(INSTALL_TIMEOUT_MS);
  const blocks = existsSync(README) ? codeBlocks(readFileSync(README, 'utf8')) : [];
  const runnable = blocks.filter(({language, marks}) => (language === 'js' || language === 'ts') && !marks.includes('no-run'));

  it('has code to run', () => {
    expect(runnable).to.not.be.empty;
  });

  for (const block of runnable) {
    it(`runs its code of line ${block.line}`, () => runBlock(block));
  }
});

describe('the documents', () => {
  const folder = join(ROOT, 'docs');
  const documents = [README, join(ROOT, 'weights/tensor-lstm/MODEL_CARD.md'), ...readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(path => path.endsWith('.md')).map(path => join(folder, path))];
  for (const document of documents) {
    it(`has no broken link in ${relative(ROOT, document)}`, () => {
      const broken = relativeLinks(readFileSync(document, 'utf8')).filter(target => !existsSync(join(dirname(document), target)));
      expect(broken).to.deep.equal([]);
    });
  }
});

import {expect} from 'chai';
import {codeBlocks, relativeLinks} from './markdown.js';

describe('the Markdown reader', () => {
  it('finds code blocks with their language, marks and line', () => {
    expect(codeBlocks('a\n```ts no-run\nlet x = 1;\n```\nb\n````md\n```js\n```\n````\n')).to.deep.equal([
      {language: 'ts', marks: ['no-run'], code: 'let x = 1;\n', line: 2},
      {language: 'md', marks: [], code: '```js\n```\n', line: 6},
    ]);
  });

  it('refuses a block that is not closed', () => {
    expect(() => codeBlocks('```js\n')).to.throw('Line 1');
  });

  it('finds links to files, and neither addresses, anchors nor code', () => {
    const text = '[a](docs/a.md#top) ![b](b.png "title") [c](https://example.org) [d](#here) `[e](e.md)`\n```\n[f](f.md)\n```\n[g]: g.md\n<img src="h.svg">\n';
    expect(relativeLinks(text)).to.deep.equal(['docs/a.md', 'b.png', 'g.md', 'h.svg']);
  });
});

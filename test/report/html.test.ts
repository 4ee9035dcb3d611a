import {expect} from 'chai';
import {escapeHtml, html} from '../../src/report/html.js';
import {definitionList, figure, htmlPage, section} from '../../src/report/html-page.js';
import {elementsOf} from './well-formed.js';

describe('html', () => {
  it('escapes what means something in HTML, and drops control characters', () => {
    expect(escapeHtml('<a href="x">&\'\u0000\u0007\n')).to.equal('&#60;a href=&#34;x&#34;&#62;&#38;&#39;\n');
  });

  it('escapes values but not what is HTML already', () => {
    const inner = html`<b>${'<'}</b>`;
    expect(html`<p>${inner}${[inner, '&']}${3}</p>`.text).to.equal('<p><b>&#60;</b><b>&#60;</b>&#38;3</p>');
  });
});

describe('htmlPage', () => {
  const page = htmlPage({
    title: 'A <title> & more',
    body: [section('One & two', figure('<svg><g/></svg>', 'a < b'), definitionList([['<name>', '<value>']]))],
  });

  it('is well-formed and escaped', () => {
    const names = elementsOf(page
      .replace('<!doctype html>', '')
      .replace(/<style>[^]*<\/style>/, '')
      .replace(/<(meta [^>]*)>/g, '<$1/>'));
    expect(names).to.include.members(['html', 'title', 'h1', 'h2', 'figure', 'svg', 'figcaption', 'dl', 'dt', 'dd']);
    expect(names).to.not.include.members(['name', 'value']);
  });

  it('loads nothing', () => {
    expect(page).to.include('default-src \'none\'');
    expect(page).to.not.match(/https?:|<script|<link|@import|url\(|src=/);
  });

  it('has colours for dark and for light', () => {
    expect(page).to.include('color-scheme: light dark').and.to.include('prefers-color-scheme: dark');
  });
});

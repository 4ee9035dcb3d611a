import {expect} from 'chai';
import {lineChart, type ChartPoint, type LineChartOptions} from '../../src/report/line-chart.js';
import {elementsOf} from './well-formed.js';

const chart = (points: readonly ChartPoint[], options: Partial<LineChartOptions> = {}): string => lineChart({
  title: 'Loss', x: {label: 'Step'}, y: {label: 'Loss', type: 'log'}, series: [{name: 'one', points}], ...options,
});
const strokes = (svg: string): string[] => svg.match(/<path [^>]*stroke-width="2.2"[^>]*>/g) ?? [];
const bands = (svg: string): string[] => svg.match(/<path [^>]*fill-opacity[^>]*>/g) ?? [];
const dots = (svg: string): string[] => svg.match(/<circle /g) ?? [];

describe('lineChart', () => {
  it('draws a line and its band as well-formed XML with a title', () => {
    const svg = chart([{x: 0, y: 2, low: 1, high: 3}, {x: 10, y: 0.1, low: 0.05, high: 0.2}]);
    expect(elementsOf(svg).slice(0, 2)).to.deep.equal(['svg', 'title']);
    expect(svg).to.include('<title>Loss</title>').and.to.include('aria-label="Loss"');
    expect(strokes(svg)).to.have.length(1);
    expect(bands(svg)).to.have.length(1);
  });

  it('escapes every text', () => {
    const evil = '</text><script>&"\'';
    const svg = lineChart({
      title: evil, x: {label: evil}, y: {label: evil},
      series: [{name: evil, points: [{x: 0, y: 1}]}, {name: 'b', points: []}],
    });
    expect(elementsOf(svg)).to.not.include('script');
  });

  it('leaves a gap where a value has no place on a logarithmic axis', () => {
    for (const gap of [NaN, Infinity, 0, -1]) {
      const svg = chart([{x: 0, y: 1}, {x: 1, y: 0.5}, {x: 2, y: gap}, {x: 3, y: 0.2}, {x: 4, y: 0.1}]);
      expect(strokes(svg), `${gap}`).to.have.length(2);
      expect(svg).to.not.match(/NaN|Infinity/);
    }
  });

  it('draws a zero on a linear axis', () => {
    const svg = chart([{x: 0, y: 1}, {x: 1, y: 0}, {x: 2, y: 1}], {y: {label: 'Loss'}});
    expect(strokes(svg)).to.have.length(1);
  });

  it('ends a band, but not its line, where the band has no place', () => {
    const svg = chart([0, 1, 2, 3].map((x) => ({x, y: 1, low: x < 2 ? 0.5 : -0.5, high: 2})));
    expect(strokes(svg)).to.have.length(1);
    expect(bands(svg)).to.have.length(1);
    expect(svg).to.not.match(/NaN|Infinity/);
  });

  it('marks a point without neighbours with a dot, and every point if asked', () => {
    expect(dots(chart([{x: 1, y: 1}]))).to.have.length(1);
    expect(strokes(chart([{x: 1, y: 1}]))).to.have.length(0);
    expect(dots(chart([{x: 1, y: 1}, {x: 2, y: 2}]))).to.have.length(0);
    expect(dots(chart([{x: 1, y: 1}, {x: 2, y: 2}], {dots: true}))).to.have.length(2);
  });

  it('says so where there is nothing to draw', () => {
    for (const points of [[], [{x: NaN, y: 1}], [{x: 0, y: 0}]]) {
      const svg = chart(points);
      elementsOf(svg);
      expect(svg).to.include('No values to draw').and.to.not.match(/NaN|Infinity/);
    }
    elementsOf(chart([], {series: []}));
  });

  it('names the lines in a legend where there are several, in rows that fit', () => {
    const points = [{x: 0, y: 1}, {x: 1, y: 2}];
    expect(chart(points)).to.not.include('>one<');
    const series = ['a', 'b', 'c'].map((name) => ({name: `${name} with a long name that fills the width`, points}));
    const svg = chart(points, {series, width: 500});
    const rows = series.map(({name}) => Number(new RegExp(`y="([\\d.]+)"[^>]*>${name}<`).exec(svg)?.[1]));
    expect(new Set(rows).size).to.equal(3);
  });

  it('keeps every coordinate inside the picture', () => {
    const svg = chart(Array.from({length: 50}, (_, x) => ({x, y: Math.exp(-x), low: Math.exp(-x) / 2, high: 2 * Math.exp(-x)})));
    for (const path of [...strokes(svg), ...bands(svg)]) {
      const numbers = [...(/ d="([^"]*)"/.exec(path)?.[1] ?? '').matchAll(/[\d.]+/g)].map(Number);
      expect(numbers.length).to.be.greaterThan(90);
      numbers.forEach((value, i) => expect(value).to.be.within(0, i % 2 === 0 ? 760 : 400));
    }
  });
});

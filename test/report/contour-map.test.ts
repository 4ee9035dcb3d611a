import {expect} from 'chai';
import {contourMap, type ContourMapOptions} from '../../src/report/contour-map.js';
import {elementsOf} from './well-formed.js';

const PLACES = [-1, -0.5, 0, 0.5, 1];
const draw = (f: (x: number, y: number) => number, more: Partial<ContourMapOptions> = {}): string => contourMap({
  title: 'a < b', x: {label: 'across & on', places: PLACES}, y: {label: 'up', places: PLACES}, value: {label: 'height'}, values: PLACES.map(y => PLACES.map(x => f(x, y))), ...more,
});
const cellColors = (svg: string): string[] => [...svg.matchAll(/<path d="M[\d.]+ [\d.]+H[^"]*" fill="(#[0-9a-f]{6})"/g)].map(match => match[1]!);
const contours = (svg: string): number => (svg.match(/stroke-opacity="0.55"/g) ?? []).length;

describe('contourMap', () => {
  it('is well-formed and escapes its texts', () => {
    const svg = draw((x, y) => x * x + y * y);
    expect(elementsOf(svg)[0]).to.equal('svg');
    expect(svg).to.include('a &#60; b').and.to.include('across &#38; on');
  });

  it('has a cell for each value, dark where it is low and light where it is high', () => {
    const colors = cellColors(draw((x, y) => x + 2 * y));
    expect(colors).to.have.length(25);
    const lightness = colors.map(color => [1, 3, 5].reduce((sum, at) => sum + parseInt(color.slice(at, at + 2), 16), 0));
    expect(lightness[0]).to.be.below(lightness[12]!);
    expect(lightness[12]).to.be.below(lightness[24]!);
  });

  it('draws contours where values cross their levels, and none on a plain', () => {
    expect(contours(draw((x, y) => x * x + y * y))).to.be.above(2);
    expect(contours(draw(() => 3))).to.equal(0);
  });

  it('puts a contour where its level lies between two places', () => {
    // Levels −0.5, 0, 0.5 and 1 of x + 0.25; a side of 500 pixels is 2.5 long, cells included, from x = −1.25 on.
    const svg = draw(x => x + 0.25, {width: 694}), ends = [...svg.matchAll(/M([\d.]+) [\d.]+L([\d.]+) [\d.]+/g)].flatMap(match => [Number(match[1]), Number(match[2])]);
    expect([...new Set(ends)].sort((p, q) => p - q)).to.deep.equal([-0.75, -0.25, 0.25, 0.75].map(x => 64 + 500 * (x + 1.25) / 2.5));
  });

  it('leaves holes where a value is not finite, or not positive on a logarithmic scale', () => {
    expect(cellColors(draw((x, y) => (x === 0 && y === 0 ? NaN : x === 1 ? Infinity : x)))).to.have.length(19);
    expect(cellColors(draw(x => 10 ** (3 * x) - 0.01, {value: {label: 'height', type: 'log'}}))).to.have.length(20);
    expect(elementsOf(draw(() => NaN))[0]).to.equal('svg');
  });

  it('marks a place', () => {
    expect(draw(x => x, {mark: {x: 0, y: 0}})).to.match(/stroke="#ffffff" stroke-width="2.4"/);
    expect(draw(x => x)).to.not.include('stroke-width="2.4"');
  });
});

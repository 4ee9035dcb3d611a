import {expect} from 'chai';
import type {FlatnessEstimate} from '../../src/flatness/estimate.js';
import {flatnessHtml, flatnessTable, flatnessWarnings, landscapeSvg, spectrumSvg} from '../../src/flatness/flatness-html.js';
import type {FlatnessMeasurement} from '../../src/flatness/measure-flatness.js';
import {elementsOf} from '../report/well-formed.js';

const estimate = (value: number): FlatnessEstimate => ({value, standardError: value / 10, numSamples: 64, numDropped: 0, warnings: []});
const REPORT: FlatnessMeasurement = {
  loss: 0.1, gradientNorm: 0.01, numParameters: 10, numExamples: 5, scaling: 'tensor', gamma: 400, radius: 0.2, seed: 3,
  localEntropy: {...estimate(0.5), effectiveSampleSize: 12, warnings: [{code: 'LOW_EFFECTIVE_SAMPLE_SIZE', message: 'worth <12>'}]},
  hessianTrace: estimate(3), hessianNorm: {...estimate(2), smallestEigenvalue: -1, largestEigenvalue: 2}, frobeniusNorm: estimate(2.5),
  worstSharpness: {...estimate(0.3), standardError: NaN}, meanSharpness: estimate(0.2),
  spectrum: {eigenvalues: [-1, 0, 1, 2], density: [0, 0.8, 0.1, 0.1], standardErrors: [0, 0.1, NaN, 0.2], width: 0.1, probes: []},
  landscape: {steps: [-1, 0, 1], losses: [[3, 2, Infinity], [1, 0.1, 1], [2, NaN, 3]]},
};

describe('flatnessHtml', () => {
  it('is a page with a table, both pictures and every warning, escaped', () => {
    const page = flatnessHtml(REPORT);
    expect(page).to.match(/^<!doctype html>/);
    for (const text of ['Spectrum of the Hessian', 'Loss landscape', 'worth &#60;12&#62;', 'the RMS of each tensor']) expect(page).to.include(text);
    expect(page.match(/<svg/g)).to.have.length(2);
  });

  it('does without the pictures that were not asked for', () => {
    const {spectrum: _spectrum, landscape: _landscape, ...bare} = REPORT, page = flatnessHtml(bare, 'Bare');
    expect(page).to.include('<h1>Bare</h1>').and.to.not.include('<svg');
  });

  it('draws well-formed pictures', () => {
    expect(elementsOf(spectrumSvg(REPORT.spectrum!))[0]).to.equal('svg');
    expect(elementsOf(landscapeSvg(REPORT.landscape!))[0]).to.equal('svg');
  });

  it('draws a landscape of as many points as there may be', () => {
    const steps = Array.from({length: 501}, (_, i) => i / 250 - 1), losses = steps.map(a => steps.map(b => a * a + b * b));
    expect(landscapeSvg({steps, losses})).to.match(/^<svg/);
  });

  it('has a row for each measure, and an empty cell where an error is unknown', () => {
    const {rows} = flatnessTable(REPORT);
    expect(rows).to.have.length(6);
    expect(rows[0]).to.deep.equal(['Local entropy, excess', '0.5', '0.05', '64', '0', '12']);
    expect(rows[1]![2]).to.equal('');
    expect(flatnessWarnings(REPORT)).to.deep.equal(['worth <12>']);
  });
});

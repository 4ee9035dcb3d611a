import {expect} from 'chai';
import {pooled, sampleFriedman, sampleSpirals, withWrongLabels} from '../../../src/evaluation/tasks/point-data.js';
import {NUM_SYMBOLS, sampleAdding, sampleParity, sampleRecall, sampleText} from '../../../src/evaluation/tasks/sequence-data.js';
import {Random} from '../../../src/random.js';
import {loadDigits} from '../../../src/tasks/digits.js';

function rowOf({features, numFeatures}: {features: Float32Array; numFeatures: number}, i: number): number[] {
  return [...features.subarray(i * numFeatures, (i + 1) * numFeatures)];
}

describe('the sequences of the suites', () => {
  it('have the sum of the two marked numbers as the target of the adding problem', () => {
    const {train} = sampleAdding(new Random(1), 10);
    for (let i = 0; i < 50; i++) {
      const row = rowOf(train, i), marked = row.flatMap((x, k) => (k % 2 === 1 && x === 1 ? [k] : []));
      expect(marked).to.have.lengthOf(2);
      expect([marked[0]! < 10, marked[1]! > 10]).to.deep.equal([true, true]);
      expect(train.targets[i]).to.be.closeTo(row[marked[0]! - 1]! + row[marked[1]! - 1]!, 1e-6);
    }
  });

  it('have the parity of the signs as their class', () => {
    const {train} = sampleParity(new Random(1), 6);
    for (let i = 0; i < 50; i++) expect(rowOf(train, i).reduce((a, b) => a * b, 1)).to.equal(train.labels[i] === 0 ? 1 : -1);
  });

  it('have the next letter of the text as their class', () => {
    const {train} = sampleText(new Random(1), 5);
    const letters = (i: number): number[] => Array.from({length: 5}, (_, t) => rowOf(train, i).slice(t * NUM_SYMBOLS, (t + 1) * NUM_SYMBOLS).indexOf(1));
    for (let i = 0; i < 50; i++) expect(letters(i + 1)).to.deep.equal([...letters(i).slice(1), train.labels[i]]);
  });

  it('have the value that went with the key as the class of associative recall', () => {
    const {train} = sampleRecall(new Random(1), {numKinds: 6, numPairs: 4});
    for (let i = 0; i < 50; i++) {
      const tokens = Array.from({length: 5}, (_, t) => rowOf(train, i).slice(12 * t, 12 * (t + 1)));
      const keyOf = (token: number[]): number => token.slice(0, 6).indexOf(1);
      const asked = keyOf(tokens[4]!), pairs = tokens.slice(0, 4);
      expect(new Set(pairs.map(keyOf)).size, 'keys are different').to.equal(4);
      expect(pairs.find(token => keyOf(token) === asked)!.slice(6).indexOf(1)).to.equal(train.labels[i]);
      expect(tokens[4]!.slice(6).every(x => x === 0)).to.be.true;
    }
  });

  it('are other ones for validation', () => {
    const {train, validation} = sampleAdding(new Random(1), 10);
    expect(validation.features).to.not.deep.equal(train.features);
  });
});

describe('the points of the suites', () => {
  it('have outliers among the training targets alone', () => {
    const {train, validation} = sampleFriedman(new Random(1), {share: 0.1, deviation: 20});
    const far = (targets: Float32Array): number => targets.filter(y => Math.abs(y) > 4).length / targets.length;
    expect(far(train.targets)).to.be.within(0.05, 0.12);
    expect(far(validation.targets)).to.equal(0);
    const mean = validation.targets.reduce((a, b) => a + b, 0) / validation.numExamples;
    expect(mean).to.be.closeTo(0, 0.1);
    expect(Math.sqrt(validation.targets.reduce((sum, y) => sum + (y - mean) ** 2, 0) / validation.numExamples)).to.be.closeTo(1, 0.1);
  });

  it('lie near the arm of their class', () => {
    const {train} = sampleSpirals(new Random(1), 3);
    for (let i = 0; i < 100; i++) {
      const [x, y] = rowOf(train, i) as [number, number], radius = Math.hypot(x, y) / 2;
      if (radius < 0.3) continue;
      const turns = Math.atan2(y, x) / (2 * Math.PI) - 1.5 * radius - train.labels[i]! / 3, off = turns - Math.round(turns);
      expect(Math.abs(off)).to.be.below(1 / 6);
    }
  });

  it('have wrong labels among the training ones alone, about as many as asked for', () => {
    const digits = loadDigits(), {train, validation} = withWrongLabels(digits, new Random(1), 0.5);
    expect(validation).to.equal(digits.validation);
    const wrong = train.labels.filter((label, i) => label !== digits.train.labels[i]).length / train.numExamples;
    expect(wrong).to.be.closeTo(0.45, 0.05);
  });

  it('are means of squares of pixels where images are pooled', () => {
    const digits = loadDigits(), {train} = pooled(digits, 2), image = rowOf(digits.train, 7);
    expect(train.numFeatures).to.equal(16);
    expect(rowOf(train, 7)[6]).to.be.closeTo((image[20]! + image[21]! + image[28]! + image[29]!) / 4, 1e-6);
  });
});

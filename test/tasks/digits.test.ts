import {expect} from 'chai';
import {loadDigits} from '../../src/tasks/digits.js';

describe('loadDigits', () => {
  const {train, validation, test} = loadDigits();

  it('splits all 1,797 images into three parts of real pixels and labels', () => {
    expect([train, validation, test].map(({numExamples}) => numExamples)).to.deep.equal([1197, 300, 300]);
    for (const {features, labels, numExamples, numFeatures} of [train, validation, test]) {
      expect(features.length).to.equal(numExamples * numFeatures);
      expect(labels.length).to.equal(numExamples);
      expect(Math.min(...features)).to.equal(0);
      expect(Math.max(...features)).to.equal(1);
    }
  });

  it('has about as many images of each digit', () => {
    const counts = new Array<number>(10).fill(0);
    for (const {labels} of [train, validation, test]) for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
    // The counts of the UCI file.
    expect(counts).to.deep.equal([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  });

  it('shares no image between the parts', () => {
    const keys = [train, validation, test].map(({features, numExamples}) =>
      new Set(Array.from({length: numExamples}, (_, i) => features.slice(i * 64, i * 64 + 64).join())));
    const total = keys.reduce((sum, set) => sum + set.size, 0);
    expect(new Set(keys.flatMap((set) => [...set])).size).to.equal(total);
  });

  it('is the same on every call', () => {
    expect(loadDigits().test).to.deep.equal(test);
  });
});

import {expect} from 'chai';
import {loadBreastCancer, loadDiabetes, loadIris, loadWine} from '../../src/tasks/tabular.js';

const COLUMN_STATISTICS_TOLERANCE = 1e-6;

/** Mean and deviation of one column. */
function statistics(values: Float32Array, numColumns: number, column: number): {mean: number; deviation: number} {
  const own = values.filter((_, i) => i % numColumns === column), mean = own.reduce((a, b) => a + b, 0) / own.length;
  return {mean, deviation: Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length)};
}

describe('the small tables', () => {
  const labelled = [
    {name: 'wine', load: loadWine, numFeatures: 13, classes: [59, 71, 48]},
    {name: 'breast cancer', load: loadBreastCancer, numFeatures: 30, classes: [212, 357]},
    {name: 'iris', load: loadIris, numFeatures: 4, classes: [50, 50, 50]},
  ];
  for (const {name, load, numFeatures, classes} of labelled) {
    describe(name, () => {
      it('has all examples of each class, in two parts that are always the same', () => {
        const {train, validation} = load(), labels = [...train.labels, ...validation.labels];
        expect(classes.map((_, c) => labels.filter(label => label === c).length)).to.deep.equal(classes);
        expect([train.numClasses, train.numFeatures, validation.numFeatures]).to.deep.equal([classes.length, numFeatures, numFeatures]);
        expect(train.numExamples).to.equal(Math.round(0.7 * labels.length));
        for (const part of [train, validation]) {
          expect(part.features).to.have.lengthOf(part.numExamples * numFeatures);
          expect(new Set(part.labels).size, 'classes in each part').to.equal(classes.length);
        }
        expect(load()).to.deep.equal({train, validation});
      });

      it('has training features of mean 0 and deviation 1', () => {
        const {train} = load();
        for (let column = 0; column < numFeatures; column++) {
          const {mean, deviation} = statistics(train.features, numFeatures, column);
          expect(mean).to.be.closeTo(0, COLUMN_STATISTICS_TOLERANCE);
          expect(deviation).to.be.closeTo(1, COLUMN_STATISTICS_TOLERANCE);
        }
      });
    });
  }

  it('have diabetes with standardised targets and the correlation with body mass that its authors published', () => {
    const {train, validation} = loadDiabetes();
    expect([train.numExamples, validation.numExamples, train.numFeatures, train.numOutputs]).to.deep.equal([309, 133, 10, 1]);
    expect(statistics(train.targets, 1, 0).deviation).to.be.closeTo(1, COLUMN_STATISTICS_TOLERANCE);
    const features = [...train.features, ...validation.features], targets = [...train.targets, ...validation.targets];
    const mass = features.filter((_, i) => i % 10 === 2), mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const covariance = (a: number[], b: number[]): number => mean(a.map((x, i) => (x - mean(a)) * (b[i]! - mean(b))));
    expect(covariance(mass, targets) / Math.sqrt(covariance(mass, mass) * covariance(targets, targets))).to.be.closeTo(0.5865, 5e-4);
  });
});

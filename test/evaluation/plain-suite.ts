import {mul, square, sub, sum, tensor1d, type Scalar} from '@tensorflow/tfjs-core';
import type {Suite} from '../../src/evaluation/suite.js';

/** A task of no built-in family: run by tf ops wherever this module is loaded. */
const suite: Suite = {
  name: 'plain',
  tasks: [{
    name: 'two valleys', dataset: 'none', architecture: 'quadratic', loss: 'quadratic', steps: 24, trainBatches: 1, validationBatches: 1,
    family: {
      name: 'valleys',
      sample: random => {
        const target = random.normals(2);
        return {
          init: () => ({w: tensor1d([0, 0])}),
          loss: ({w}) => sum<Scalar>(mul([1, 5], square(sub(w!, tensor1d(target.slice()))))),
          *batches() {
            for (;;) yield undefined;
          },
        };
      },
    },
  }],
};
export default suite;

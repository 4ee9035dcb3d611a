import {zeros, type Scalar} from '@tensorflow/tfjs-core';
import type {Suite} from '../../src/evaluation/suite.js';

/** A task whose loss is no scalar. */
const suite: Suite = {
  name: 'broken',
  tasks: [{
    name: 'broken', dataset: 'none', architecture: 'none', loss: 'none', steps: 20,
    family: {name: 'broken', sample: () => ({init: () => ({w: zeros([2])}), loss: ({w}) => w as Scalar, *batches() { for (;;) yield undefined; }})},
  }],
};
export default suite;

import type {Suite} from '../../src/evaluation/suite.js';

/** A task that ends its thread. */
const suite: Suite = {
  name: 'deadly',
  tasks: [{
    name: 'deadly', dataset: 'none', architecture: 'none', loss: 'none', steps: 20,
    family: {name: 'deadly', sample: () => process.exit(3)},
  }],
};
export default suite;

/** The quadratics of bench/zoo-curves.ts, as a module for workers. */
import {reparametrised} from '../../src/tasks/augment/reparametrised.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';

/** Starts a tenth as far from the minimum as the family's: RNNProp's steps of at most 0.01 could not get there in 100. */
export default reparametrised({range: [10, 10]})(quadraticFamily({dimension: 10, conditionNumber: [10, 1000]}));

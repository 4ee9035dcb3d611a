/**
 * tfjs-l2o: a learned optimizer for TensorFlow.js.
 *
 * @packageDocumentation
 */
import {register} from './optimizer/register.js';

export {L2OError, type L2OErrorCode} from './errors.js';
export {registerWasmTrainingKernels} from './kernel/wasm-training.js';
export {learnedOptimizer, LearnedOptimizer} from './optimizer/learned-optimizer.js';
export type {LearnedOptimizerOptions} from './optimizer/options.js';
export {planSteps, type TrainingPlan} from './optimizer/plan-steps.js';
export {register, type TensorFlow} from './optimizer/register.js';
export {loadOptimizer, type LoadOptimizerOptions} from './optimizer/load-optimizer.js';
export type {Theta} from './theta/theta-file.js';
export type {ThetaMetadata} from './theta/theta-format.js';
export {loadTheta, saveTheta, type SavedTheta, type ThetaSource, type ThetaTarget} from './theta/theta-io.js';

register();

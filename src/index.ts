/**
 * tfjs-l2o: a learned optimizer for TensorFlow.js.
 *
 * @packageDocumentation
 */
import {register} from './optimizer/register.js';

export {L2OError, type L2OErrorCode} from './errors.js';
export {evaluate} from './evaluation/evaluate.js';
export type {EvaluateOptions, EvaluateProgress} from './evaluation/evaluate-options.js';
export type {BaselineKind} from './evaluation/optimizers.js';
export type {Peer, PeerModule, PeerRun} from './evaluation/peer.js';
export type {
  ComparisonResult, CostResult, CurveResult, EvaluationResult, OptimizerResult, SensitivityResult, SpeedUpSummary, TaskResult, TuningResult,
} from './evaluation/result.js';
export type {Suite, SuiteModule, SuiteTask} from './evaluation/suite.js';
export {FlatnessRegularizer} from './flatness/flatness-regularizer.js';
export type {FlatnessRegularizerOptions} from './flatness/flatness-regularizer-options.js';
export type {FlatnessMark} from './flatness/training/flatness-mark.js';
export type {FlatnessReport} from './flatness/training/regularized-gradients.js';
export type {LinearRamp, Schedule} from './flatness/training/schedule.js';
export {flatnessTerm, type FlatnessTermOptions} from './flatness/create-term.js';
export type {FlatnessConfig, FlatnessGradient, FlatnessTerm} from './flatness/flatness-term.js';
export type {LossProbe} from './flatness/loss-probe.js';
export type {FlatnessEstimate, FlatnessWarning, FlatnessWarningCode} from './flatness/estimate.js';
export {flatnessHtml, landscapeSvg, spectrumSvg} from './flatness/flatness-html.js';
export type {SpectralEstimate} from './flatness/hessian-norm.js';
export {disableHigherOrderGradients, enableHigherOrderGradients} from './flatness/higher-order-gradients.js';
export type {LandscapeSettings, LossLandscape} from './flatness/loss-landscape.js';
export {measureFlatness, type FlatnessMeasurement} from './flatness/measure-flatness.js';
export type {FlatnessProgress, MeasureFlatnessOptions} from './flatness/measure-flatness-options.js';
export type {FlatnessMeasure, HessianNormOptions, HessianTraceOptions, LocalEntropyOptions, MeasureName, SharpnessOptions} from './flatness/measure-options.js';
export type {ModelTensors} from './flatness/model-probe.js';
export type {PerturbationScaling} from './flatness/neighbourhood.js';
export type {SpectralDensity, SpectralDensitySettings} from './flatness/spectral-density.js';
export {registerWasmTrainingKernels} from './kernel/wasm-training.js';
export {checkTask, type CheckTaskOptions} from './meta/check-task.js';
export type {GrowingCurriculum, StagedCurriculum} from './meta/curriculum.js';
export type {EstimatorKind, HorizonRange} from './meta/estimator.js';
export type {FamilyModule} from './meta/family-module.js';
export type {Imitation} from './meta/imitation.js';
export {metaFit} from './meta/meta-fit.js';
export type {MetaFitOptions, MetaFitProgress} from './meta/meta-fit-options.js';
export type {MetaFitHistory, MetaFitResult} from './meta/meta-fit-result.js';
export type {Objective, ObjectiveKind} from './meta/objective.js';
export {learnedOptimizer, LearnedOptimizer} from './optimizer/learned-optimizer.js';
export type {LearnedOptimizerOptions} from './optimizer/options.js';
export {planSteps, type TrainingPlan} from './optimizer/plan-steps.js';
export {register, type TensorFlow} from './optimizer/register.js';
export {loadOptimizer, type LoadOptimizerOptions} from './optimizer/load-optimizer.js';
export {Random, type RandomState} from './random.js';
export {metaFitReport, type MetaFitReportOptions} from './report/meta-fit/report.js';
export {augmented, type Augmentation} from './tasks/augment/augmentation.js';
export {delayedGradients, type DelayedGradientsOptions} from './tasks/augment/delayed-gradients.js';
export {labelNoise, type LabelNoiseOptions} from './tasks/augment/label-noise.js';
export {noisyGradients, type NoisyGradientsOptions} from './tasks/augment/noisy-gradients.js';
export {reducedBatch, type ReducedBatchOptions} from './tasks/augment/reduced-batch.js';
export {reparametrised, type ReparametrisedOptions} from './tasks/augment/reparametrised.js';
export {sometimes} from './tasks/augment/sometimes.js';
export {ackleyFamily} from './tasks/families/ackley.js';
export {autoencoderFamily, type AutoencoderOptions} from './tasks/families/autoencoder.js';
export {convNetFamily, type ConvNetOptions} from './tasks/families/conv-net.js';
export {griewankFamily} from './tasks/families/griewank.js';
export {lassoFamily, type LassoOptions} from './tasks/families/lasso.js';
export {logisticRegressionFamily, type LogisticRegressionOptions} from './tasks/families/logistic-regression.js';
export {mlpClassificationFamily, type MlpClassificationOptions} from './tasks/families/mlp-classification.js';
export {mlpRegressionFamily, type MlpRegressionOptions} from './tasks/families/mlp-regression.js';
export {quadraticFamily, type QuadraticOptions} from './tasks/families/quadratic.js';
export {rastriginFamily} from './tasks/families/rastrigin.js';
export {recurrentNetFamily, type RecurrentNetOptions} from './tasks/families/recurrent-net.js';
export {rosenbrockFamily} from './tasks/families/rosenbrock.js';
export {twoValleyFamily, type TwoValleyOptions} from './tasks/families/two-valley.js';
export {taskFamilyFromModel, type FamilyFromModelOptions, type ModelData} from './tasks/family-from-model.js';
export {RULE_NAMES, type RuleName} from './rules/registry.js';
export type {LossAndGradients, Split, Task, TaskFamily} from './tasks/task-family.js';
export type {Theta} from './theta/theta-file.js';
export type {ThetaMetadata} from './theta/theta-format.js';
export {loadTheta, saveTheta, type LoadThetaOptions, type SavedTheta, type ThetaSource, type ThetaTarget} from './theta/theta-io.js';

register();

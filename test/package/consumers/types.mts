import type {Optimizer} from '@tensorflow/tfjs-core';
import {sequential} from '@tensorflow/tfjs-layers';
import {learnedOptimizer, type LearnedOptimizer} from 'tfjs-l2o';

const optimizer: LearnedOptimizer = learnedOptimizer({numSteps: 100, weightDecay: 1e-4});
const base: Optimizer = optimizer;
sequential().compile({optimizer: base, loss: 'meanSquaredError'});
// @ts-expect-error: no such option
learnedOptimizer({numStep: 100});
// @ts-expect-error: a number is wanted
learnedOptimizer({learningRate: 'fast'});

// Prints what the package costs on top of its peers: milliseconds of import and of the first optimizer.
require('@tensorflow/tfjs-backend-cpu');
require('@tensorflow/tfjs-layers');
const start = performance.now();
const {learnedOptimizer} = require('tfjs-l2o');
const imported = performance.now();
learnedOptimizer();
console.log(JSON.stringify({importMs: imported - start, createMs: performance.now() - imported}));

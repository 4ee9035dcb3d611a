// Prints what the package costs on top of its peers: milliseconds of import and of the first optimizer. The peers are loaded both
// ways first: to import CommonJS from ES modules, Node reads all of it for the names of its exports, whoever asks.
require('@tensorflow/tfjs-backend-cpu');
require('@tensorflow/tfjs-layers');
Promise.all([import('@tensorflow/tfjs-core'), import('@tensorflow/tfjs-layers')]).then(() => {
  const start = performance.now();
  const {learnedOptimizer} = require('tfjs-l2o');
  const imported = performance.now();
  learnedOptimizer();
  console.log(JSON.stringify({importMs: imported - start, createMs: performance.now() - imported}));
});

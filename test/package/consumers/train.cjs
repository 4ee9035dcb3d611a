require('@tensorflow/tfjs-backend-cpu');
const tf = require('@tensorflow/tfjs-core');
const {layers, sequential} = require('@tensorflow/tfjs-layers');
const {learnedOptimizer} = require('tfjs-l2o');

async function main() {
  const model = sequential({layers: [layers.dense({units: 8, inputShape: [4], activation: 'relu'}), layers.dense({units: 1})]});
  model.compile({optimizer: learnedOptimizer({numSteps: 40}), loss: 'meanSquaredError'});
  const x = tf.randomNormal([32, 4], 0, 1, 'float32', 1);
  const {history} = await model.fit(x, tf.sum(x, 1, true), {epochs: 40, batchSize: 32, verbose: 0});
  console.log(JSON.stringify(history.loss));
}
main();

// Prints how long importing TF.js takes, and then this package (its address is the argument), in milliseconds.
const start = performance.now();
await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs-layers');
await import('@tensorflow/tfjs-backend-cpu');
const before = performance.now();
await import(/** @type {string} */ (process.argv[2]));
console.log(JSON.stringify({tfjsMs: before - start, packageMs: performance.now() - before}));

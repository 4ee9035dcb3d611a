import {writeFile} from 'node:fs/promises';
import {defineConfig, type Options} from 'tsup';
import manifest from './package.json' with {type: 'json'};

const shared = {
  target: ['node20', 'es2022'],
  outDir: 'dist',
  external: [...Object.keys(manifest.peerDependencies), ...Object.keys(manifest.dependencies), /^node:/],
  sourcemap: false,
  treeshake: true,
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  platform: 'neutral',
} satisfies Options;

/** Node 20.19 and bundlers let CommonJS require an ES module: one copy of everything, and one class of each name. */
const COMMONJS = "module.exports = require('./index.js');\n";

export default defineConfig([
  // Chunks are shared, so that theta and the wasm modules are in the package once.
  {
    ...shared, entry: {index: 'src/index.ts', cli: 'src/cli/main.ts', 'meta-worker': 'src/meta/worker.ts', 'evaluation-worker': 'src/evaluation/worker.ts'},
    format: ['esm'], splitting: true, dts: {entry: {index: 'src/index.ts'}},
    onSuccess: async () => writeFile('dist/index.cjs', COMMONJS),
  },
  {...shared, entry: {index: 'src/index.ts'}, format: ['cjs'], dts: {only: true}},
]);

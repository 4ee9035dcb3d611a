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
  platform: 'neutral',
} satisfies Options;

export default defineConfig([
  // Chunks are shared, so that theta and the wasm modules are in the package once.
  {...shared, entry: {index: 'src/index.ts', cli: 'src/cli/main.ts', 'meta-worker': 'src/meta/worker.ts', 'evaluation-worker': 'src/evaluation/worker.ts'}, format: ['esm'], splitting: true, dts: {entry: {index: 'src/index.ts'}}},
  {...shared, entry: {index: 'src/index.ts'}, format: ['cjs'], splitting: false, dts: true},
]);

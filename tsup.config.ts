import {defineConfig, type Options} from 'tsup';
import manifest from './package.json' with {type: 'json'};

const shared = {
  target: ['node20', 'es2022'],
  outDir: 'dist',
  external: [...Object.keys(manifest.peerDependencies), /^node:/],
  sourcemap: false,
  splitting: false,
  treeshake: true,
  minifySyntax: true,
  minifyWhitespace: true,
} satisfies Options;

export default defineConfig([
  {...shared, entry: {index: 'src/index.ts'}, format: ['esm', 'cjs'], platform: 'neutral', dts: true},
  {...shared, entry: {'meta-worker': 'src/meta/worker.ts'}, format: ['esm'], platform: 'node'},
  {...shared, entry: {cli: 'src/cli/main.ts'}, format: ['esm'], platform: 'node', banner: {js: '#!/usr/bin/env node'}},
]);

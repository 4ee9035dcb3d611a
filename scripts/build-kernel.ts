/**
 * Writes the layouts out as C headers, compiles the C sources to wasm with clang 19, and inlines the modules as base64.
 *
 *     npx tsx scripts/build-kernel.ts            build and write
 *     npx tsx scripts/build-kernel.ts --check    build and compare with what is committed; exit 1 on a difference
 *     npx tsx scripts/build-kernel.ts --headers  write the headers alone (for a native build)
 */
import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as engine from '../src/rollout/engine-layout.js';
import * as rule from '../src/rules/tensor-lstm/spec.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
let stale = false;

function emit(path: string, text: string): void {
  const file = join(root, path);
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (old === text) return;
  if (check) {
    console.error(`${path} differs from what its sources give: run npm run build:kernel`);
    stale = true;
  } else {
    writeFileSync(file, text);
    console.error(`wrote ${path}`);
  }
}

function ruleHeader(): string {
  const lines = ['// Written by scripts/build-kernel.ts from src/rules/tensor-lstm/spec.ts. Do not edit.', '#ifndef TL_LAYOUT_H', '#define TL_LAYOUT_H'];
  const define = (name: string, value: number | string): void => void lines.push(`#define TL_${name} ${value}`);
  for (const [name, value] of Object.entries(rule.CONSTANTS)) {
    // The decays stay doubles (1 - beta is computed from them); everything else is a float.
    define(name, name.startsWith('BETA_') ? value : `${Number.isInteger(value) ? `${value}.0` : value}f`);
  }
  define('NUM_GLOBAL_FEATURES', rule.GLOBAL_FEATURES.length);
  define('NUM_INPUTS', rule.NUM_INPUTS);
  define('NUM_HIDDEN', rule.NUM_HIDDEN);
  define('NUM_OUTPUTS', rule.NUM_OUTPUTS);
  define('NUM_MIXED', rule.NUM_MIXED);
  define('FIRST_HIDDEN', rule.FIRST_HIDDEN);
  define('NUM_PARAMETER_INPUTS', rule.NUM_PARAMETER_INPUTS);
  define('NUM_PARAMETER_HIDDEN', rule.NUM_PARAMETER_HIDDEN);
  define('NUM_PARAMETER_SLOTS', rule.NUM_PARAMETER_SLOTS);
  define('NUM_TENSOR_SLOTS', rule.NUM_TENSOR_SLOTS);
  define('NUM_LOSS_SLOTS', rule.NUM_LOSS_SLOTS);
  define('THETA_SIZE', rule.THETA_SIZE);
  rule.PARAMETER_FEATURES.forEach((name, i) => define(`FEATURE_${name}`, i));
  for (const [name, value] of Object.entries(rule.OUTPUTS)) define(`OUTPUT_${name}`, value);
  for (const [name, value] of Object.entries(rule.TENSOR_SLOTS)) define(`SLOT_${name}`, value);
  for (const [name, value] of Object.entries(rule.LOSS_SLOTS)) define(`LOSS_${name}`, value);
  for (const entry of rule.THETA_LAYOUT) define(`OFFSET_${entry.name}`, entry.offset);
  return [...lines, '#endif', ''].join('\n');
}

function engineHeader(): string {
  const enumeration = (prefix: string, names: readonly string[]): string =>
    `enum { ${names.map(n => `${prefix}_${n.replace('-', '_')}`).join(', ')} };`;
  return [
    '// Written by scripts/build-kernel.ts from src/rollout/engine-layout.ts. Do not edit.',
    '#ifndef ROLLOUT_LAYOUT_H', '#define ROLLOUT_LAYOUT_H',
    `#define MAX_LAYERS ${engine.MAX_LAYERS}`,
    enumeration('ACTIVATION', engine.ACTIVATIONS), enumeration('LOSS', engine.LOSSES), enumeration('RULE', engine.ENGINE_RULES),
    'typedef struct {',
    ...engine.ROLLOUT_FIELDS.map(([name, type]) => `  ${type} ${name};`),
    '  int sizes[MAX_LAYERS + 1];', '} rollout;', '#endif', '',
  ].join('\n');
}

interface Module {source: string; target: string; what: string; flags: string[]; stackless?: boolean}
/** Links a module that runs in a memory of the caller's. */
const FOREIGN_MEMORY = ['-Wl,--import-memory', '-Wl,--max-memory=4294967296', '-Wl,-z,stack-size=0', '-Wl,--global-base=0'];
const MODULES: Module[] = [
  {
    source: 'kernel/step.c', target: 'src/kernel/step-module.wasm.ts', what: 'The fused step kernel (kernel/step.c)', stackless: true,
    flags: FOREIGN_MEMORY,
  },
  {
    source: 'kernel/training.c', target: 'src/kernel/training-module.wasm.ts', what: 'Training kernels for the wasm backend (kernel/training.c)', stackless: true,
    flags: FOREIGN_MEMORY,
  },
  {
    source: 'kernel/engine.c', target: 'src/rollout/engine-module.wasm.ts', what: 'The rollout engine (kernel/engine.c)',
    flags: ['-Wl,--initial-memory=1048576', '-Wl,--max-memory=4294967296', '-Wl,-z,stack-size=65536'],
  },
];

// No flag that assumes finite numbers: the kernels test for NaN. No contraction: the same sums on every machine.
const COMPILE = ['--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-std=c17', '-ffp-contract=off',
  '-Wall', '-Wextra', '-Werror', '-Wno-sign-compare', '-Wno-unused-function'];

function compile(module: Module): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'l2o-kernel-'));
  try {
    const out = join(folder, 'module.wasm');
    execFileSync('clang-19', [...COMPILE, '-fuse-ld=/usr/bin/wasm-ld-19', '-Wl,--no-entry', '-Wl,--strip-all', ...module.flags, '-o', out, join(root, module.source)],
      {stdio: ['ignore', 'inherit', 'inherit']});
    return readFileSync(out);
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** A module that runs in a foreign memory may own neither data nor a stack there. */
function assertStackless(module: Module): void {
  const assembly = execFileSync('clang-19', [...COMPILE, '-S', '-o', '-', join(root, module.source)], {encoding: 'utf8', maxBuffer: 1 << 26});
  for (const trace of ['__stack_pointer', '.section\t.data', '.section\t.rodata', '.section\t.bss']) {
    if (assembly.includes(trace)) throw new Error(`${module.source}: the module uses ${trace}; it must run inside a foreign memory`);
  }
}

emit('kernel/tensor_lstm_layout.h', ruleHeader());
emit('kernel/rollout_layout.h', engineHeader());
if (!process.argv.includes('--headers')) {
  for (const module of MODULES) {
    const bytes = compile(module);
    if (module.stackless) assertStackless(module);
    emit(module.target, `/** ${module.what}, built by scripts/build-kernel.ts and inlined so that nothing is fetched. ${bytes.length} bytes. */\nexport const MODULE_BASE64 =\n  '${bytes.toString('base64')}';\n`);
  }
}
if (stale) process.exit(1);

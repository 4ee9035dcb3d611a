/**
 * Writes the layouts out as C headers, compiles the C sources to wasm with clang 19, and inlines the modules, deflated, as base64.
 *
 *     npx tsx scripts/build-kernel.ts            build and write
 *     npx tsx scripts/build-kernel.ts --check    build and compare with what is committed; exit 1 on a difference
 *     npx tsx scripts/build-kernel.ts --headers  write the headers alone (for a native build)
 */
import {deflateSync} from 'fflate';
import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as engine from '../src/rollout/engine-layout.js';
import {NUM_UNITS} from '../src/rules/deep-lstm.js';
import {FORGET_BIAS} from '../src/rules/lstm-cell.js';
import {LSTM_DM} from '../src/rules/lstm-dm.js';
import {ruleInfo} from '../src/rules/registry.js';
import {RNNPROP} from '../src/rules/rnnprop.js';
import type {ThetaEntry} from '../src/rules/rule.js';
import {CONSTANTS as SCALE, NUM_FEATURES, NUM_TIMESCALES, UNITS} from '../src/rules/scale/spec.js';
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

/** A constant of a rule in C. The decays stay doubles (1 - beta is computed from them); everything else is a float. */
function literal(name: string, value: number): string {
  return name.startsWith('BETA') ? String(value) : `${/[.e]/.test(String(value)) ? value : `${value}.0`}f`;
}

/** The header of a rule: its constants, integers that sizes follow from, and where theta's arrays start and how many rows they have. */
function header(
  prefix: string, source: string, constants: Readonly<Record<string, number>>, integers: Readonly<Record<string, number>>, layout: readonly ThetaEntry[],
): string {
  const defines = [
    ...Object.entries(constants).map(([name, value]) => [name, literal(name, value)]),
    ...Object.entries(integers).map(([name, value]) => [name, String(value)]),
    ...layout.map(({name, offset}) => [`OFFSET_${name}`, String(offset)]),
    ...layout.filter(({shape}) => shape.length === 2).map(({name, shape}) => [`ROWS_${name}`, String(shape[0])]),
  ];
  return [
    `// Written by scripts/build-kernel.ts from ${source}. Do not edit.`, `#ifndef ${prefix}_LAYOUT_H`, `#define ${prefix}_LAYOUT_H`,
    ...defines.map(([name, value]) => `#define ${prefix}_${name} ${value}`), '#endif', '',
  ].join('\n');
}

function ruleHeader(): string {
  const lines = ['// Written by scripts/build-kernel.ts from src/rules/tensor-lstm/spec.ts. Do not edit.', '#ifndef TL_LAYOUT_H', '#define TL_LAYOUT_H'];
  const define = (name: string, value: number | string): void => void lines.push(`#define TL_${name} ${value}`);
  for (const [name, value] of Object.entries(rule.CONSTANTS)) define(name, literal(name, value));
  define('NUM_GLOBAL_FEATURES', rule.GLOBAL_FEATURES.length);
  define('NUM_INPUTS', rule.NUM_INPUTS);
  define('NUM_HIDDEN', rule.NUM_HIDDEN);
  define('NUM_OUTPUTS', rule.NUM_OUTPUTS);
  define('NUM_PARAMETER_FEATURES', rule.PARAMETER_FEATURES.length);
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
  const struct = (name: string, fields: ReadonlyArray<readonly [string, string]>, more: string[] = []): string[] =>
    ['typedef struct {', ...fields.map(([field, type]) => `  ${type} ${field};`), ...more, `} ${name};`];
  return [
    '// Written by scripts/build-kernel.ts from src/rollout/engine-layout.ts. Do not edit.',
    '#ifndef ROLLOUT_LAYOUT_H', '#define ROLLOUT_LAYOUT_H',
    `#define LANES ${engine.LANES}`,
    enumeration('ACTIVATION', engine.PROGRAM_ACTIVATIONS), enumeration('LOSS', engine.LOSSES), enumeration('TASK', engine.TASK_KINDS),
    enumeration('DOWNSAMPLING', engine.DOWNSAMPLINGS), enumeration('HEAD', engine.HEADS), enumeration('CELL', engine.CELLS),
    enumeration('OP', engine.OPERATIONS), enumeration('RULE', engine.ENGINE_RULES), enumeration('SCHEDULE', engine.SCHEDULES),
    ...struct('tensor_info', engine.TENSOR_FIELDS), ...struct('split', engine.SPLIT_FIELDS),
    ...struct('instruction', engine.INSTRUCTION_FIELDS),
    ...struct('rollout', engine.ROLLOUT_FIELDS, ['  split splits[2];']),
    '#endif', '',
  ].join('\n');
}

interface Module {source: string; target: string; what: string; flags: string[]; stackless?: boolean}
/** Links a module that runs in a memory of the caller's. */
const FOREIGN_MEMORY = ['-Wl,--import-memory', '-Wl,--max-memory=4294967296', '-Wl,-z,stack-size=0', '-Wl,--global-base=0'];
const OWN_MEMORY = ['-Wl,--initial-memory=1048576', '-Wl,--max-memory=4294967296', '-Wl,-z,stack-size=65536'];
const MODULES: Module[] = [
  {
    source: 'kernel/step.c', target: 'src/kernel/step-module.wasm.ts', what: 'The fused step kernel (kernel/step.c)', stackless: true,
    flags: FOREIGN_MEMORY,
  },
  {
    source: 'kernel/step.c', target: 'src/kernel/step-relaxed-module.wasm.ts', what: 'The fused step kernel with fused multiply-adds (kernel/step.c, relaxed SIMD)',
    stackless: true, flags: ['-mrelaxed-simd', ...FOREIGN_MEMORY],
  },
  {
    source: 'kernel/training.c', target: 'src/kernel/training-module.wasm.ts', what: 'Training kernels for the wasm backend (kernel/training.c)', stackless: true,
    flags: FOREIGN_MEMORY,
  },
  {
    source: 'kernel/engine.c', target: 'src/rollout/engine-module.wasm.ts', what: 'The rollout engine (kernel/engine.c)',
    flags: OWN_MEMORY,
  },
  {source: 'bench/peers/celo/step.c', target: 'bench/peers/celo/step-module.wasm.ts', what: 'A step of Celo (bench/peers/celo/step.c)', flags: OWN_MEMORY},
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
emit('kernel/deep_lstm_layout.h', header('DEEP_LSTM', 'src/rules/deep-lstm.ts and lstm-cell.ts', {FORGET_BIAS}, {UNITS: NUM_UNITS}, []));
emit('kernel/lstm_dm_layout.h', header('LSTM_DM', 'src/rules/lstm-dm.ts', {...LSTM_DM, EXP_RANGE: Math.exp(LSTM_DM.RANGE)}, {}, ruleInfo('lstm-dm').layout));
emit('kernel/rnnprop_layout.h', header('RNNPROP', 'src/rules/rnnprop.ts', RNNPROP, {}, ruleInfo('rnnprop').layout));
emit('kernel/scale_layout.h', header('SCALE', 'src/rules/scale/spec.ts', SCALE, {
  PARAMETER_UNITS: UNITS.parameter, TENSOR_UNITS: UNITS.tensor, GLOBAL_UNITS: UNITS.global, NUM_TIMESCALES, NUM_FEATURES,
}, ruleInfo('scale').layout));
emit('kernel/rollout_layout.h', engineHeader());
if (!process.argv.includes('--headers')) {
  for (const module of MODULES) {
    const bytes = compile(module);
    if (module.stackless) assertStackless(module);
    emit(module.target, `/** ${module.what}, built by scripts/build-kernel.ts and inlined so that nothing is fetched. ${bytes.length} bytes. */\nexport const MODULE_DEFLATED =\n  '${Buffer.from(deflateSync(bytes, {level: 9})).toString('base64')}';\n`);
  }
}
if (stale) process.exit(1);

import {expect} from 'chai';
import {copyFileSync, existsSync, readFileSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {INSTALL_TIMEOUT_MS, packedProject, ROOT, run, runOk, tool, type PackedProject} from '../support/packed-project.js';

const MOST_BYTES = 400_000;
const MOST_IMPORT_MS = 100;
const MOST_CREATE_MS = 20;

/** npm's words about the machine or the account, not about the package. */
const NOT_THE_PACKAGE = /^npm warn (Unknown (user|global|env|builtin) config|(publish )?This command requires you to be logged in)/;

/** Puts this repository's native backend into a project, as its user would have it: beside the project's own tfjs-core. */
function linkNativeBackend(folder: string): void {
  symlinkSync(join(ROOT, 'node_modules/@tensorflow/tfjs-node'), join(folder, 'node_modules/@tensorflow/tfjs-node'));
}

describe('the packed package', function () {
  this.timeout(INSTALL_TIMEOUT_MS);
  let project: PackedProject;
  before(() => {
    project = packedProject();
  });

  /** Copies a consumer into the project and returns its name there. */
  function consumer(name: string): string {
    copyFileSync(fileURLToPath(new URL(`consumers/${name}`, import.meta.url)), join(project.folder, name));
    return name;
  }

  it(`is smaller than ${MOST_BYTES / 1000} kB`, () => {
    expect(project.sizeBytes).to.be.lessThan(MOST_BYTES);
  });

  it('holds the built files and the papers, and nothing else', () => {
    const papers = new Set(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']);
    expect(project.files.filter(file => !papers.has(file) && !/^dist\/.*\.(js|cjs|d\.ts|d\.cts)$/.test(file))).to.deep.equal([]);
    expect(project.files).to.include.members([...papers, 'dist/index.js', 'dist/index.cjs', 'dist/index.d.ts', 'dist/index.d.cts', 'dist/cli.js']);
  });

  it('installs without scripts, with the cpu backend as its only dependency and without a native library', () => {
    const installed = JSON.parse(readFileSync(join(project.folder, 'node_modules/tfjs-l2o/package.json'), 'utf8')) as
      {scripts?: Record<string, string>; dependencies?: Record<string, string>; optionalDependencies?: Record<string, string>};
    expect(installed.scripts ?? {}).to.not.have.any.keys('preinstall', 'install', 'postinstall');
    expect(Object.keys({...installed.dependencies, ...installed.optionalDependencies})).to.deep.equal(['@tensorflow/tfjs-backend-cpu']);
    expect(existsSync(join(project.folder, 'node_modules/@tensorflow/tfjs-node'))).to.equal(false);
  });

  for (const name of ['train.mjs', 'train.cjs']) {
    it(`trains a model in ${name}`, () => {
      const losses = JSON.parse(runOk(process.execPath, [consumer(name)], project.folder)) as number[];
      expect(losses.every(Number.isFinite)).to.equal(true);
      expect(losses.at(-1)).to.be.lessThan(losses[0]! / 2);
    });
  }

  for (const backend of ['cpu', 'wasm', 'node']) {
    it(`trains every kind of model on ${backend}, with one line for the optimizer`, () => {
      if (backend === 'node') linkNativeBackend(project.folder);
      const results = JSON.parse(runOk(process.execPath, [consumer('train-models.mjs'), backend], project.folder).trim().split('\n').at(-1)!) as Record<string, [number, number]>;
      expect(results).to.have.all.keys('mlp', 'twoOutputs', 'conv', 'lstm', 'autoencoder', 'linear', 'loop');
      for (const [kind, [first, last]] of Object.entries(results)) expect(last, kind).to.be.below(0.8 * first);
    });
  }

  it('has types for ESM and for CommonJS', () => {
    const {stdout} = run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext',
      '--lib', 'es2022,dom', consumer('types.mts'), consumer('types.cts'),
    ], project.folder);
    // Declarations are checked too; those of TensorFlow.js have faults of their own.
    const faults = stdout.split('\n').filter(line => line.includes('error TS') && !line.startsWith('node_modules/@tensorflow/'));
    expect(faults).to.deep.equal([]);
  });

  it(`imports in ${MOST_IMPORT_MS} ms on top of its peers and makes an optimizer in ${MOST_CREATE_MS} ms`, () => {
    const name = consumer('cost.cjs');
    // The least of several runs: other work on the machine only ever adds.
    const runs = Array.from({length: 5}, () => JSON.parse(runOk(process.execPath, [name], project.folder)) as {importMs: number; createMs: number});
    expect(Math.min(...runs.map(({importMs}) => importMs))).to.be.at.most(MOST_IMPORT_MS);
    expect(Math.min(...runs.map(({createMs}) => createMs))).to.be.at.most(MOST_CREATE_MS);
  });

  it('brings a command that explains itself', () => {
    const command = join(project.folder, 'node_modules/.bin/tfjs-l2o');
    expect(runOk(command, ['--help'], project.folder)).to.include('demo');
    expect(runOk(command, ['demo', '--help'], project.folder)).to.include('--steps');
  });

  it('passes publint', () => {
    runOk(tool('publint'), ['run', '--strict', project.tarball], ROOT);
  });

  it('has the right types under every module resolution (attw)', () => {
    runOk(tool('attw'), [project.tarball, '--no-emoji'], ROOT);
  });

  it('would be published without a warning', () => {
    const {status, stdout, stderr} = run('npm', ['publish', '--dry-run'], ROOT);
    expect(status, stderr).to.equal(0);
    const warnings = `${stdout}\n${stderr}`.split('\n').filter(line => /^npm (warn|error)/i.test(line) && !NOT_THE_PACKAGE.test(line));
    expect(warnings).to.deep.equal([]);
  });
});

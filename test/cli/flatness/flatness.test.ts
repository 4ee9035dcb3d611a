import * as tf from '@tensorflow/tfjs-core';
import {layers, sequential, type LayersModel} from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseCommand} from '../../../src/cli/args.js';
import {flatnessCommand, prepareFlatness} from '../../../src/cli/flatness/command.js';
import type {FlatnessCommandOptions} from '../../../src/cli/flatness/args.js';
import {openModel, readData, readModelFiles} from '../../../src/cli/flatness/read-files.js';
import {hasHigherOrderGradients} from '../../../src/flatness/higher-order-gradients.js';
import {learnedOptimizer} from '../../../src/optimizer/learned-optimizer.js';
import {Random} from '../../../src/random.js';
import {useBackend} from '../../support/backends.js';

/** Writes a model as tfjs-node's `file://` handler does, its weights in two files. */
async function saveTo(folder: string, model: LayersModel, includeOptimizer: boolean): Promise<void> {
  await model.save(tf.io.withSaveHandler(({weightData, weightSpecs, ...artifacts}) => {
    const bytes = Buffer.from(weightData as ArrayBuffer), half = Math.floor(bytes.length / 8) * 4;
    writeFileSync(join(folder, 'a.bin'), bytes.subarray(0, half));
    writeFileSync(join(folder, 'b.bin'), bytes.subarray(half));
    writeFileSync(join(folder, 'model.json'), JSON.stringify({...artifacts, weightsManifest: [{paths: ['a.bin', 'b.bin'], weights: weightSpecs}]}));
    return Promise.resolve({modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}});
  }), {includeOptimizer});
}

describe('tfjs-l2o flatness', () => {
  let folder = '', model: LayersModel;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'l2o-'));
    model = sequential({layers: [layers.dense({units: 5, activation: 'tanh', inputShape: [3]}), layers.dense({units: 2, activation: 'softmax'})]});
    model.compile({optimizer: learnedOptimizer(), loss: 'categoricalCrossentropy'});
    const random = new Random(1);
    const x = Array.from({length: 20}, () => Array.from(random.normals(3))), y = x.map(([a]) => (a! > 0 ? [1, 0] : [0, 1]));
    writeFileSync(join(folder, 'data.json'), JSON.stringify({x, y}));
  });
  afterEach(async () => {
    rmSync(folder, {recursive: true});
    model.dispose();
    await useBackend('cpu');
  });

  const options = (more: readonly string[] = []): FlatnessCommandOptions => {
    const command = parseCommand(['flatness', folder, join(folder, 'data.json'), '--out', join(folder, 'report.html'), '--samples', '8', '--backend', 'cpu', ...more]);
    if (command.kind !== 'flatness') throw new Error(`Expected flatness, got ${command.kind}.`);
    return command.options;
  };
  const runWith = async (more: readonly string[] = []): Promise<{stdout: string; stderr: string}> => {
    let stdout = '', stderr = '';
    await flatnessCommand(prepareFlatness(options(more)), {
      progress: {update: () => undefined, clear: () => undefined}, print: text => void (stdout += text), notify: text => void (stderr += text), bold: text => text,
    });
    return {stdout, stderr};
  };

  it('prints a table and writes the report, with the loss the model was saved with', async () => {
    await saveTo(folder, model, true);
    const {numTensors} = tf.memory(), {stdout, stderr} = await runWith();
    expect(stderr).to.equal('Backend: cpu. Seed: 0.\n');
    for (const row of ['Local entropy, excess', 'Sharpness, worst case', 'Hessian, trace', '32 parameters, 20 examples']) expect(stdout).to.include(row);
    const report = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(report).to.match(/^<!doctype html>[^]*<\/html>\n$/).and.to.include('Loss landscape').and.to.include('Spectrum of the Hessian');
    expect(tf.memory().numTensors).to.equal(numTensors);
  });

  it('prints one JSON object, the same for the same seed', async () => {
    await saveTo(folder, model, false);
    const [first, again, other] = [await runWith(['--json', '--loss', 'meanSquaredError']), await runWith(['--json', '--loss', 'meanSquaredError']), await runWith(['--json', '--loss', 'meanSquaredError', '--seed', '3'])];
    const json = JSON.parse(first.stdout) as Record<string, unknown>;
    expect(json).to.include({command: 'flatness', numParameters: 32, numExamples: 20, scaling: 'tensor', report: join(folder, 'report.html')});
    expect(json).to.have.nested.property('hessianNorm.value').that.is.above(0);
    expect(again).to.deep.equal(first);
    expect(other.stdout).to.not.equal(first.stdout);
  });

  it('measures by exact products, at a radius, with Langevin steps', async () => {
    await saveTo(folder, model, true);
    const [plain, asked] = [await runWith(['--json', '--samples', '32']), await runWith(['--json', '--samples', '32', '--hessian', 'exact', '--radius', '0.4', '--entropy-steps', '4'])]
      .map(({stdout}) => JSON.parse(stdout) as {radius: number; hessianNorm: {value: number}; localEntropy: {value: number}});
    expect(asked!.radius).to.equal(0.4).and.to.not.equal(plain!.radius);
    expect(asked!.hessianNorm.value).to.be.closeTo(plain!.hessianNorm.value, 0.01 * plain!.hessianNorm.value).and.to.not.equal(plain!.hessianNorm.value);
    expect(asked!.localEntropy.value).to.not.equal(plain!.localEntropy.value);
    expect(hasHigherOrderGradients()).to.equal(false);
  });

  it('reads weights spread over files, and Keras\' spelling of the loss', async () => {
    await saveTo(folder, model, true);
    const files = readModelFiles(join(folder, 'model.json')), opened = await openModel(files, folder, undefined);
    expect(files.loss).to.equal('categoricalCrossentropy');
    expect(opened.getWeights().map(w => Array.from(w.dataSync()))).to.deep.equal(model.getWeights().map(w => Array.from(w.dataSync())));
    opened.dispose();
  });

  it('reads arrays with shapes and types, and several of them', () => {
    writeFileSync(join(folder, 'many.json'), JSON.stringify({x: [{shape: [2, 1], values: [1, 2], dtype: 'int32'}, {shape: [2], values: [3, 4]}], y: [[1], [2]]}));
    expect(readData(join(folder, 'many.json'))).to.deep.equal({
      x: [{shape: [2, 1], values: [1, 2], dtype: 'int32'}, {shape: [2], values: [3, 4], dtype: 'float32'}], y: [{shape: [2, 1], values: [1, 2], dtype: 'float32'}],
    });
  });

  it('says what is wrong with the files', async () => {
    const data = (text: string): (() => unknown) => () => {
      writeFileSync(join(folder, 'bad.json'), text);
      return readData(join(folder, 'bad.json'));
    };
    expect(() => readModelFiles(join(folder, 'none'))).to.throw(/cannot be read/).with.property('code', 'INVALID_ARGUMENT');
    expect(() => readModelFiles(join(folder, 'data.json'))).to.throw(/expected a Layers model/).with.property('code', 'CORRUPT_FILE');
    expect(data('{')).to.throw(/in JSON/).with.property('code', 'CORRUPT_FILE');
    expect(data('[1]')).to.throw(/a JSON object/);
    expect(data('{"x": [[1]]}')).to.throw(/expected y .* got nothing/);
    expect(data('{"x": [[1], [1, 2]], "y": [1, 2]}')).to.throw(/different lengths/);
    expect(data('{"x": [["a"]], "y": [1]}')).to.throw(/no numbers/);
    expect(data('{"x": {"shape": [2], "values": [1]}, "y": [1]}')).to.throw(/1 values for the shape \[2\]/);
    await saveTo(folder, model, false);
    const files = readModelFiles(folder);
    expect(await openModel(files, folder, undefined).catch((error: unknown) => error)).to.have.property('message').that.matches(/saved without its loss/);
    expect(await openModel(files, folder, 'noLoss').catch((error: unknown) => error)).to.have.property('code', 'INVALID_ARGUMENT');
  });

  it('rejects wrong use', () => {
    const parse = (...args: string[]) => () => parseCommand(['flatness', ...args]);
    expect(parse()).to.throw(/needs its argument MODEL_DIR/);
    expect(parse('model')).to.throw(/needs DATA beside MODEL_DIR/);
    expect(parse('model', 'data', 'more')).to.throw(/takes one MODEL_DIR and one DATA, got 'model', 'data' and 'more'/);
    expect(parse('model', 'data', '--samples', '7')).to.throw(/even number/);
    expect(parse('model', 'data', '--gamma', '-1')).to.throw(/--gamma takes a number above 0/);
    expect(parse('model', 'data', '--radius', '0')).to.throw(/--radius takes a number above 0, got '0'/);
    expect(parse('model', 'data', '--samples', '12', '--entropy-steps', '4')).to.throw(/--samples takes a multiple of 8, twice --entropy-steps, got '12'/);
    expect(parse('model', 'data', '--hessian', 'exat')).to.throw(/Did you mean 'exact'/);
    expect(parse('model', 'data', '--scaling', 'tensors')).to.throw(/Did you mean 'tensor'/);
    expect(parse('model', 'data', '--smaples', '8')).to.throw(/Did you mean '--samples'/);
    expect(parse('--help')()).to.deep.equal({kind: 'help', topic: 'flatness'});
  });
});

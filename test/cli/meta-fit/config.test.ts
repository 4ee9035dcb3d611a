import {expect} from 'chai';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {readConfig, toMetaFitOptions} from '../../../src/cli/meta-fit/config.js';
import {toPlain} from '../../../src/cli/meta-fit/plain-options.js';
import {openRunFolder, readRun, reopenRun} from '../../../src/cli/meta-fit/run-folder.js';
import {L2OError} from '../../../src/errors.js';
import {defaultTheta} from '../../../src/theta/default-theta.js';
import {makeTheta} from '../../../src/theta/theta-file.js';
import {saveTheta} from '../../../src/theta/theta-io.js';
import {l2oFailure} from '../../support/failure.js';

describe('config and folder of a meta-training', () => {
  let folder = '';
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const json = (options: object): string => write('config.json', JSON.stringify(options));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'l2o-config-'));
    write('family.mjs', 'export default {name: "f", sample() {}};');
  });
  afterEach(() => rmSync(folder, {recursive: true}));

  it('reads JSON with paths relative to it, and infinite numbers', async () => {
    const {options, folder: out} = await readConfig(json({tasks: './family.mjs', clip: 'Infinity', checkpointDir: 'runs/x', horizons: [5, 9]}));
    expect(options).to.deep.equal({tasks: pathToFileURL(join(folder, 'family.mjs')).href, clip: Infinity, horizons: [5, 9]});
    expect(out).to.equal(join(folder, 'runs/x'));
  });

  for (const extension of ['ts', 'mjs']) {
    it(`reads a module: .${extension}`, async () => {
      const type = extension === 'ts' ? ': object' : '';
      const config = write(`config.${extension}`, `const config${type} = {tasks: new URL('./family.mjs', import.meta.url), workers: 2, clip: Infinity, seed: undefined};\nexport default config;`);
      expect((await readConfig(config)).options).to.deep.equal({tasks: pathToFileURL(join(folder, 'family.mjs')).href, workers: 2, clip: Infinity});
    });
  }

  const family = "'./family.mjs'";
  const BAD: ReadonlyArray<readonly [name: string, text: string, message: RegExp]> = [
    ['config.json', '{"tasks": ', /expected a JSON object with the options of metaFit, got "/],
    ['config.json', '[1]', /expected the options of metaFit as an object/],
    ['config.json', '{"tasks": "./family.mjs", "outerSteps": 3}', /got 'outerSteps'. Did you mean 'numOuterSteps'/],
    ['config.json', '{"tasks": "./family.mjs", "objective": {"kid": "loss"}}', /Did you mean 'kind'/],
    ['config.json', '{"tasks": "./family.mjs", "seed": -1}', /seed must be an integer/],
    ['config.json', '{}', /tasks must be a task family, or URL or path/],
    ['config.mjs', 'export const config = {};', /its default export\), got none/],
    ['config.mjs', 'export default {', /expected a module that can be imported, got the error/],
    ['config.mjs', `export default {tasks: ${family}, onProgress() {}};`, /expected no 'onProgress'/],
    ['config.mjs', 'export default {tasks: {name: "f", sample() {}}};', /expected 'tasks' to be path or URL of a module.*resume/],
  ];
  for (const [name, text, message] of BAD) {
    it(`refuses ${text}`, async () => {
      expect((await l2oFailure(readConfig(write(name, text)))).message).to.match(message);
    });
  }

  it('refuses what cannot be written down', () => {
    expect(toPlain({a: {b: [1, 'x', true, null, Infinity, undefined].slice(0, 5)}, c: undefined}, 'c')).to.deep.equal({a: {b: [1, 'x', true, null, Infinity]}});
    expect(() => toPlain({regularizer: {penalty: () => 0}}, 'c')).to.throw(L2OError, /expected 'regularizer.penalty' to be plain data, got function/);
    expect(() => toPlain({horizons: [1, new Date()]}, 'c')).to.throw(L2OError, /expected 'horizons\[1\]' to be plain data, got an object of the class Date/);
  });

  it('refuses a config that is not there, and a family that is not there', async () => {
    expect((await l2oFailure(readConfig(join(folder, 'none.json')))).message).to.match(/expected a file that can be read/);
    const config = await readConfig(json({tasks: './none.mjs'}));
    expect((await l2oFailure(openRunFolder(join(folder, 'run'), config))).message).to.match(/expected a task family in '.*none\.mjs', got no file/);
    expect(existsSync(join(folder, 'run'))).to.equal(false);
  });

  it('finds all of a run again in its folder, the theta that it starts from included', async () => {
    const theta = makeTheta(defaultTheta().values.map((x) => x / 2)), run = join(folder, 'run');
    await saveTheta(theta, join(folder, 'start.safetensors'));
    const config = await readConfig(json({tasks: './family.mjs', initialTheta: 'start.safetensors', maxDifference: 'Infinity'}));
    await openRunFolder(run, config);
    rmSync(join(folder, 'start.safetensors'));
    rmSync(join(folder, 'config.json'));
    const found = await reopenRun(run);
    expect(found.options).to.deep.equal(config.options);
    expect(found.initialTheta?.hash).to.equal(theta.hash);
    expect(toMetaFitOptions(found, {workers: 1})).to.include({workers: 1, maxDifference: Infinity});
  });

  it('goes on with the same run in the same folder, with other workers too, and refuses another', async () => {
    const run = join(folder, 'run');
    await openRunFolder(run, await readConfig(json({tasks: './family.mjs', seed: 1, workers: 1})));
    const written = readFileSync(join(run, 'run.json'), 'utf8');
    await openRunFolder(run, await readConfig(json({tasks: './family.mjs', seed: 1, workers: 2, checkpointEvery: 5})));
    const error = await l2oFailure(openRunFolder(run, await readConfig(json({tasks: './family.mjs', seed: 2, numPairs: 4}))));
    expect(error.message).to.match(/holds a run of another config: seed was 1 and is 2; numPairs was left out and is 4\. .*tfjs-l2o resume/);
    expect(readFileSync(join(run, 'run.json'), 'utf8')).to.equal(written);
  });

  it('refuses to go on where the family has changed, or run.json is damaged or of another version', async () => {
    const run = join(folder, 'run'), file = join(run, 'run.json');
    await openRunFolder(run, await readConfig(json({tasks: './family.mjs'})));
    write('family.mjs', 'export default {name: "g", sample() {}};');
    expect((await l2oFailure(reopenRun(run))).message).to.match(/cannot go on as it began: the file of the task family '.*family\.mjs' has changed/);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, 40));
    expect(await l2oFailure(reopenRun(run))).to.have.property('code', 'CORRUPT_FILE');
    writeFileSync(file, text.replace('"version": 1', '"version": 2'));
    expect((await l2oFailure(reopenRun(run))).message).to.match(/expected version 1, got 2/);
  });

  it('refuses a folder with the checkpoint of a program', async () => {
    write('checkpoint.l2o', 'anything');
    const config = await readConfig(json({tasks: './family.mjs'}));
    expect((await l2oFailure(openRunFolder(folder, config))).message).to.match(/holds the checkpoint of a program that called metaFit/);
    expect(() => readRun(folder)).to.throw(L2OError, /got the checkpoint of a program/);
  });
});

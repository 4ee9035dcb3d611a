import {expect} from 'chai';
import {rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {INSTALL_TIMEOUT_MS, packedProject, ROOT, run, runOk, type PackedProject} from '../support/packed-project.js';

const FAMILY = `import * as tf from '@tensorflow/tfjs-core';
export default {
  name: 'quadratics',
  sample(random) {
    const target = random.normals(4);
    return {init: () => ({x: tf.zeros([4])}), loss: ({x}) => tf.sum(tf.square(tf.sub(x, target))), *batches() { for (;;) yield 0; }};
  },
};`;
const BODY = `(async () => {
  const hashes = [];
  for (const workers of [0, 2]) hashes.push((await metaFit({tasks: './family.mjs', workers, numOuterSteps: 3, numPairs: 2})).theta.hash);
  console.log(JSON.stringify(hashes));
})();`;
const CONSUMERS = {
  'meta-fit.mjs': `import '@tensorflow/tfjs-backend-cpu';\nimport {metaFit} from 'tfjs-l2o';\n${BODY}`,
  'meta-fit.cjs': `require('@tensorflow/tfjs-backend-cpu');\nconst {metaFit} = require('tfjs-l2o');\n${BODY}`,
};

describe('metaFit in the packed package', function () {
  this.timeout(INSTALL_TIMEOUT_MS);
  let project: PackedProject;
  before(() => {
    project = packedProject();
  });

  for (const [name, code] of Object.entries(CONSUMERS)) {
    it(`runs in workers as in the main thread, from ${name}`, () => {
      writeFileSync(join(project.folder, 'family.mjs'), FAMILY);
      writeFileSync(join(project.folder, name), code);
      const [alone, inWorkers] = JSON.parse(runOk(process.execPath, [name], project.folder)) as [string, string];
      expect(alone).to.match(/^[0-9a-f]{16}$/);
      expect(inWorkers).to.equal(alone);
    });
  }

  it('meta-trains from the command line, and goes on from the folder alone', () => {
    writeFileSync(join(project.folder, 'family.mjs'), FAMILY);
    writeFileSync(join(project.folder, 'config.json'), JSON.stringify({tasks: './family.mjs', workers: 2, numOuterSteps: 2, numPairs: 2, horizons: [5, 9]}));
    const [first, again] = [['meta-fit', 'config.json', '--json'], ['resume', 'runs/config', '--json']]
      .map(args => JSON.parse(runOk('node_modules/.bin/tfjs-l2o', args, project.folder)) as {stopped: string; theta: {hash: string}});
    expect(first!.stopped).to.equal('done');
    expect(again!.theta.hash).to.equal(first!.theta.hash);
  });

  it('loads a config and a family in TypeScript through tsx, in workers too, and says what is missing without it (skipped where Node itself reads TypeScript)', function () {
    if ('typescript' in process.features) this.skip();
    const tsx = join(project.folder, 'node_modules', 'tsx'), args = ['meta-fit', 'typed.ts', '--json'];
    writeFileSync(join(project.folder, 'family.ts'), `type Size = number;\nconst size: Size = 4;\n${FAMILY.replace('normals(4)', 'normals(size)')}`);
    writeFileSync(join(project.folder, 'typed.ts'), 'const workers: number = 2;\nexport default {tasks: "./family.ts", workers, numOuterSteps: 2, numPairs: 2, horizons: [5, 9]};');
    const {status, stderr} = run('node_modules/.bin/tfjs-l2o', args, project.folder);
    expect(status).to.equal(2);
    expect(stderr).to.match(/expected a Node that loads TypeScript by itself, or the package tsx, to load '.*typed\.ts'/);
    symlinkSync(join(ROOT, 'node_modules', 'tsx'), tsx);
    try {
      expect(JSON.parse(runOk('node_modules/.bin/tfjs-l2o', args, project.folder))).to.include({stopped: 'done'});
    } finally {
      rmSync(tsx);
    }
  });
});

import {expect} from 'chai';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {INSTALL_TIMEOUT_MS, packedProject, runOk, type PackedProject} from '../support/packed-project.js';

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
});

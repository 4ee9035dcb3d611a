import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {loadOptimizer, loadTheta, saveTheta, RULE_NAMES, type RuleName, type Theta} from '../../src/index.js';
import {Random} from '../../src/random.js';
import {ruleInfo, ruleOfSize} from '../../src/rules/registry.js';
import {decodeTheta, encodeTheta, makeTheta} from '../../src/theta/theta-file.js';
import {expectError, expectSaved, localServer, memoryHandler, RECIPE, temporaryFolder} from './theta-io-fixtures.js';

const thetaOf = (rule: RuleName): Theta => makeTheta(ruleInfo(rule).initialTheta(new Random(5)), rule);

/** A safetensors file whose metadata name another rule, which it is not. */
function renamed(theta: Theta, rule: RuleName): Uint8Array {
  const bytes = encodeTheta(theta), length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as {__metadata__: Record<string, string>};
  Object.assign(header.__metadata__, {rule, ruleVersion: String(ruleInfo(rule).version)});
  const text = new TextEncoder().encode(JSON.stringify(header)), file = new Uint8Array(8 + text.length + 4 * theta.values.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(bytes.subarray(8 + length), 8 + text.length);
  return file;
}

it('no two rules have thetas of one size, by which their weights are told apart', () => {
  expect(RULE_NAMES.map(name => ruleOfSize(ruleInfo(name).thetaSize))).to.deep.equal(RULE_NAMES);
  expect(ruleOfSize(0)).to.equal(undefined);
});

for (const rule of RULE_NAMES) {
  describe(`a theta of ${rule}`, () => {
    const folder = temporaryFolder(), server = localServer(), theta = thetaOf(rule);

    it('carries the rule and its version, and comes back bit for bit from every place', async () => {
      expect(theta).to.include({rule, ruleVersion: ruleInfo(rule).version});
      const path = join(folder(), 'mine.safetensors'), url = `file://${folder()}/mine`, handler = memoryHandler();
      for (const target of [path, url, handler]) {
        await saveTheta(theta, target, RECIPE);
        expectSaved(await loadTheta(target), theta, RECIPE);
      }
      for (const file of readdirSync(join(folder(), 'mine'))) server.answers.set(`/${file}`, (_, response) => response.end(readFileSync(join(folder(), 'mine', file))));
      expectSaved(await loadTheta(server.url('/model.json'), {signal: AbortSignal.timeout(60_000)}), theta, RECIPE);
      expectSaved(await loadTheta(new Uint8Array(readFileSync(path))), theta, RECIPE);
    });

    it('makes the optimizer of its rule, with the options as they were when loading began', async () => {
      const options = {numSteps: 9, weightDecay: 0.1};
      const loading = loadOptimizer(encodeTheta(theta), options);
      options.numSteps = 1;
      const optimizer = await loading, v = tf.tidy(() => tf.variable(tf.tensor1d([1, -2, 3])));
      expect(optimizer.theta).to.deep.equal(theta);
      expect(optimizer.getConfig()).to.include({rule, numSteps: 9, weightDecay: 0.1, parameterScale: rule === 'tensor-lstm'});
      for (let step = 0; step < 3; step++) optimizer.minimize(() => tf.sum(tf.square(v)));
      expect([...v.dataSync()].some((x, i) => x !== [1, -2, 3][i])).to.be.true;
      v.dispose();
      optimizer.dispose();
    });

    it('that says it is of another rule is refused by that rule\'s layout, before its weights are read', () => {
      for (const other of RULE_NAMES.filter(name => name !== rule)) {
        expect(() => decodeTheta(renamed(theta, other)), other).to.throw(`'${ruleInfo(other).layout.find(e => ruleInfo(rule).layout.every(o => o.name !== e.name || o.shape.join() !== e.shape.join() || o.offset !== e.offset))!.name}' as float32`)
          .with.property('code', 'CORRUPT_FILE');
      }
    });

    it('that is cut short, too long or changed is refused, from a file and from a folder', async () => {
      const bytes = encodeTheta(theta, RECIPE), flipped = bytes.slice();
      flipped[bytes.length - 100]! ^= 1;
      for (const [damaged, code] of [[bytes.subarray(0, bytes.length - 4), 'CORRUPT_FILE'], [Uint8Array.from([...bytes, 0, 0, 0, 0]), 'CORRUPT_FILE'], [flipped, 'INVALID_THETA']] as const) {
        await expectError(loadTheta(damaged), code, /weights|hash/);
      }
      const url = `file://${folder()}/mine`, weights = join(folder(), 'mine', `weights-${theta.hash}.bin`);
      await saveTheta(theta, url);
      for (const size of [4 * theta.values.length - 4, 4 * theta.values.length + 4]) {
        writeFileSync(weights, new Uint8Array(size));
        await expectError(loadTheta(url), 'CORRUPT_FILE', /bytes/);
      }
      writeFileSync(weights, new Uint8Array(4 * theta.values.length));
      await expectError(loadTheta(url), 'INVALID_THETA', /hash/);
    });
  });
}

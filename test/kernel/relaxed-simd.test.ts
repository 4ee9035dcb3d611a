import {expect} from 'chai';
import {execFileSync, spawnSync} from 'node:child_process';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';
import {embeddedBytes} from '../../src/embedded-bytes.js';
import {MODULE_DEFLATED} from '../../src/kernel/step-relaxed-module.wasm.js';

const require = createRequire(import.meta.url);
/** Node 20 has relaxed SIMD behind a flag; later versions have it, and the golden tests run on it as they are. */
const FLAGS = WebAssembly.validate(embeddedBytes(MODULE_DEFLATED)) ? [] : ['--experimental-wasm-relaxed-simd'];

describe('the step kernel with relaxed SIMD', () => {
  it('is valid where the engine has it', () => {
    const base64 = Buffer.from(embeddedBytes(MODULE_DEFLATED)).toString('base64');
    const script = `process.stdout.write(String(WebAssembly.validate(Buffer.from('${base64}', 'base64'))))`;
    expect(execFileSync(process.execPath, [...FLAGS, '-e', script], {encoding: 'utf8'})).to.equal('true');
  });

  it('is taken there and nowhere else: fused multiply-adds round once, so that other bits come out (skipped where it cannot be switched off)', function () {
    this.timeout(60_000);
    if (FLAGS.length === 0) return this.skip();
    const bits = (flags: readonly string[]): string =>
      /bits ([0-9a-f]+)/.exec(execFileSync(process.execPath, [...flags, '--import', 'tsx', fileURLToPath(new URL('relaxed-steps.ts', import.meta.url))], {encoding: 'utf8'}))![1]!;
    const [fused, again, plain] = [bits(FLAGS), bits(FLAGS), bits([])];
    expect(fused).to.equal(again).and.have.lengthOf(8 * 617);
    expect(fused).to.not.equal(plain);
  });

  it('passes the golden tests of the wasm kernel', function () {
    this.timeout(60_000);
    const {status, stdout} = spawnSync(process.execPath, [...FLAGS, require.resolve('mocha/bin/mocha.js'), 'test/kernel/golden.test.ts', '--grep', 'wasm kernel', '--reporter', 'json'], {encoding: 'utf8'});
    const {stats} = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {stats: {passes: number; failures: number}};
    expect(status).to.equal(0);
    expect(stats.failures).to.equal(0);
    expect(stats.passes).to.be.at.least(8);
  });
});

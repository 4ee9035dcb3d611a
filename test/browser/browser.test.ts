import {expect} from 'chai';
import {TestBrowser, type Setting, type TestPage} from '../support/browser.js';
import type {FlatnessRegularizerOptions} from '../../src/flatness/flatness-regularizer-options.js';
import type {Scenario} from '../kernel/golden.js';
import type {RegularizedFit} from './page/flatness.js';

const NUM_GOLDEN_STEPS = 40;

const SCENARIOS: readonly Scenario[] = [
  {title: 'with a horizon, weight decay and clipping', horizon: 100, weightDecay: 0.1, clipNorm: 0.5},
  {title: 'without a loss, past the horizon, with decay at its bound', withLoss: false, horizon: 1500, startTime: 1480, learningRate: 3, weightDecay: 1000},
  {title: 'without parameter scaling, long after any horizon', horizon: 100_000, startTime: 5000, parameterScale: false, learningRate: 0.1},
];

const PENALTIES = [{measure: 'sharpness', strength: 0.5}, {measure: 'localEntropy', strength: 0.5, gamma: 4, samples: 4}] as const satisfies readonly FlatnessRegularizerOptions[];

interface Place {
  readonly title: string;
  readonly backend: 'webgl' | 'webgpu' | 'wasm';
  readonly setting: Setting;
  readonly runner: string;
  readonly isThreaded: boolean;
  /** Largest difference from the plain-JavaScript step, in units of an array's RMS: of variables, and of slots. */
  readonly tolerances: readonly [number, number];
}

// The GPUs here are SwiftShader, which computes in float32 as the kernel does; real ones are allowed what the issue allows.
const PLACES: readonly Place[] = [
  {title: 'webgl', backend: 'webgl', setting: 'plain', runner: 'webgl', isThreaded: false, tolerances: [2e-3, 2e-3]},
  {title: 'webgpu', backend: 'webgpu', setting: 'plain', runner: 'webgpu', isThreaded: false, tolerances: [2e-3, 2e-3]},
  {title: 'wasm without threads', backend: 'wasm', setting: 'plain', runner: 'wasm-shared', isThreaded: false, tolerances: [1e-5, 1e-4]},
  {title: 'wasm with threads', backend: 'wasm', setting: 'isolated', runner: 'wasm-shared', isThreaded: true, tolerances: [1e-5, 1e-4]},
];

describe('in Chromium', function () {
  this.timeout(100_000);
  let browser: TestBrowser;
  before(async () => {
    browser = await TestBrowser.start();
  });
  after(() => (browser as TestBrowser | undefined)?.close());

  /** Runs a block on a page of its own, which must stay free of errors. */
  async function onPage(setting: Setting, block: (page: TestPage) => Promise<void>): Promise<void> {
    const page = await browser.open(setting);
    try {
      await block(page);
      expect(page.errors).to.deep.equal([]);
    } finally {
      await page.close();
    }
  }

  for (const {title, backend, setting, runner, isThreaded, tolerances: [variables, slots]} of PLACES) {
    describe(`on ${title}`, () => {
      let page: TestPage;
      before(async () => {
        page = await browser.open(setting);
      });
      after(() => page.close());
      afterEach(() => expect(page.errors).to.deep.equal([]));

      it('steps by its own kernel, and says nothing', async () => {
        expect(await page.run('use', backend)).to.deep.equal({backend, runner, isThreaded, notices: []});
      });

      for (const scenario of SCENARIOS) {
        it(`steps as plain JavaScript does ${scenario.title}`, async () => {
          const found = await page.run('golden', scenario, NUM_GOLDEN_STEPS);
          expect(found.runner).to.equal(runner);
          expect(found.parameters[0]!.distance, found.parameters[0]!.what).to.be.at.most(variables);
          expect(found.slots[0]!.distance, found.slots[0]!.what).to.be.at.most(slots);
        });
      }

      it('steps as plain JavaScript does where there is one variable alone', async () => {
        const found = await page.run('golden', SCENARIOS[0]!, NUM_GOLDEN_STEPS, [[1003]]);
        expect(found.parameters[0]!.distance).to.be.at.most(variables);
        expect(found.slots[0]!.distance, found.slots[0]!.what).to.be.at.most(slots);
      });

      it('stays finite at extreme gradients', async () => {
        expect(await page.run('extremes')).to.deep.equal([]);
      });

      it('compiles, fits, saves to IndexedDB, loads, and goes on alike', async () => {
        const {losses, className, iterations, difference, notices} = await page.run('trainSaveResume');
        expect(className).to.equal('LearnedOptimizer');
        expect(iterations).to.equal(24);
        expect(losses.at(-1)).to.be.lessThan(0.95 * losses[0]!);
        expect(difference).to.equal(0);
        expect(notices).to.deep.equal([]);
      });

      if (backend === 'wasm') {
        it('goes on alike where its memory has grown between two steps', async () => {
          expect(await page.run('grown')).to.deep.equal({growths: 1, difference: 0});
        });

        it('trains a conv net with the training kernels', async () => {
          const losses = await page.run('fitConv');
          expect(losses.at(-1)).to.be.lessThan(0.95 * losses[0]!);
        });
      }

      it('keeps no tensor from step to step, and none at the end', async () => {
        const {before, early, late, after, earlyBuffers, lateBuffers} = await page.run('countTensors');
        expect([late, lateBuffers, after]).to.deep.equal([early, earlyBuffers, before]);
      });

      if (backend !== 'wasm') {
        it('reads nothing back in a step, and runs few programs for many variables', async () => {
          const one = await page.run('countWork', 1), fifty = await page.run('countWork', 50);
          expect([one.reads, fifty.reads]).to.deep.equal([0, 0]);
          // On webgpu two copies for each variable come on top.
          expect(one.programs).to.be.within(1, 16);
          expect(fifty.programs).to.be.within(one.programs, backend === 'webgl' ? 24 : 24 + 2 * 50);
        });
      }

      it('takes back the slots of optimizers that nobody has disposed', async () => {
        // Each leaves at most the verdict on its last step.
        expect(await page.run('collect')).to.be.at.most(5);
      });

      it('trains alike on cpu, and when moved there and back in the middle', async () => {
        const one = await page.run('againstCpu'), two = await page.run('moved', 'cpu'), three = await page.run('assigned');
        expect(Math.max(one.difference, two.difference, three.difference)).to.be.at.most(2e-3);
        expect([...one.notices, ...two.notices]).to.deep.equal([]);
      });

      if (backend !== 'wasm') {
        it('trains alike when moved to the other kind of GPU backend and back', async () => {
          const {difference, notices} = await page.run('moved', backend === 'webgl' ? 'webgpu' : 'webgl');
          expect(difference).to.be.at.most(2e-3);
          expect(notices).to.deep.equal([]);
        });
      }

      it('skips steps that are not finite, and counts them', async () => {
        const {skipped, read, restored, difference} = await page.run('skips');
        expect([skipped, read, restored]).to.deep.equal([4, 4, 4]);
        expect(difference).to.be.at.most(2e-3);
      });

      for (const waiting of [false, true]) {
        it(`throws at most one step late where it is to throw, ${waiting ? 'after a pause' : 'at once'}`, async () => {
          const {late, error, changed, later, tensors} = await page.run('throws', waiting);
          expect(error).to.include({code: 'NON_FINITE'});
          expect(late).to.equal(backend === 'wasm' ? 0 : 1);
          expect([changed, later, tensors]).to.deep.equal([0, undefined, 0]);
        });
      }
    });
  }

  for (const backend of ['webgl', 'webgpu', 'wasm']) {
    it(`flatness is measured and regularized on ${backend} as on cpu`, () => onPage('plain', async page => {
      const all: Array<{measures: Record<string, number>; fits: RegularizedFit[]; same: boolean}> = [];
      for (const name of ['cpu', backend]) {
        await page.run('use', name);
        const fits = [await page.run('regularizedFit', 'adam', PENALTIES[0]), await page.run('regularizedFit', 'learned', PENALTIES[1])];
        // So weak a penalty must leave no trace of its passes.
        const [plain, weak] = [await page.run('regularizedFit', 'adam'), await page.run('regularizedFit', 'adam', {...PENALTIES[0], strength: 1e-30})];
        all.push({measures: await page.run('measured'), fits, same: JSON.stringify(plain.weights) === JSON.stringify(weak.weights)});
      }
      const [cpu, own] = all;
      for (const [name, value] of Object.entries(cpu!.measures)) expect(own!.measures[name], name).to.be.closeTo(value, 0.02 * Math.abs(value));
      cpu!.fits.forEach(({flatness, weights}, i) => {
        const found = own!.fits[i]!;
        expect(found.numLeft).to.equal(0);
        flatness.forEach((value, epoch) => expect(found.flatness[epoch]).to.be.closeTo(value, 0.02 * value));
        // Adam makes whole steps of gradients that are rounding alone: of few weights, so not of their mean square.
        const differences = weights.flat().map((w, k) => w - found.weights.flat()[k]!);
        expect(Math.hypot(...differences) / Math.sqrt(differences.length)).to.be.at.most(2e-3);
      });
      expect([cpu!.same, own!.same]).to.deep.equal([true, true]);
    })).timeout(200_000);
  }

  for (const backend of ['wasm', 'cpu']) {
    it(`steps on ${backend} are shared by threads, bit for bit those of one, where a page has shared memory`, () => onPage('isolated', async page => {
      await page.run('use', backend);
      const {different, sharedChunks, notices} = await page.run('threads', 2);
      expect([different, notices]).to.deep.equal([0, []]);
      expect(sharedChunks).to.be.greaterThan(0);
    }));
  }

  it('steps are made on one thread, with one notice, where a page has no shared memory', () => onPage('plain', async page => {
    for (const backend of ['wasm', 'cpu', 'webgl']) {
      await page.run('use', backend);
      const {different, sharedChunks, notices} = await page.run('threads', 2);
      expect([different, sharedChunks]).to.deep.equal([0, 0]);
      expect(notices).to.have.lengthOf(1);
      expect(notices[0]).to.include('numThreads: 2').and.include(backend === 'webgl' ? "'webgl'" : 'Cross-Origin-Opener-Policy');
    }
  }));

  it('steps are made on one thread, with one notice, where a policy forbids workers', () => onPage('workerless', async page => {
    await page.run('use', 'cpu');
    const {different, sharedChunks, notices} = await page.run('threads', 2);
    expect([different, sharedChunks]).to.deep.equal([0, 0]);
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('numThreads: 2').and.include('workers do not start');
    // Chromium reports the policy's refusal itself.
    page.errors.splice(0, page.errors.length, ...page.errors.filter(error => !error.includes('Content Security Policy')));
  }));

  it('theta goes to IndexedDB and comes back', () => onPage('plain', async page => {
    await page.run('use', 'cpu');
    const {saved, loaded, recipe} = await page.run('thetaRoundTrip');
    expect(loaded).to.equal(saved);
    expect(recipe).to.equal('test');
  }));

  for (const [what, backend, loss, words] of [['WebGL context', 'webgl', 'loseContext', 'context was lost'], ['WebGPU device', 'webgpu', 'destroyDevice', 'destroyed']] as const) {
    for (const onNonFinite of ['skip', 'throw'] as const) {
      it(`a ${what} that is lost is told, with what to do: ${onNonFinite}`, () => onPage('plain', async page => {
        await page.run('use', backend);
        const {training, step, save, count, elsewhere, disposing} = await page.run(loss, onNonFinite);
        for (const error of [training, step, save, elsewhere, ...(onNonFinite === 'skip' ? [count] : [])]) expect(error).to.include({code: 'ENVIRONMENT'}).with.property('message').that.includes(words).and.includes('last saved');
        expect(disposing).to.equal(undefined);
        page.errors.length = 0;
      }));
    }
  }

  for (const backend of ['webgl', 'webgpu', 'wasm']) {
    it(`a ${backend} backend that is removed in the middle is told, with what to do`, () => onPage('plain', async page => {
      await page.run('use', backend);
      const {training, step, save, disposing} = await page.run('removeBackend');
      // On wasm the slots are still there, and can be saved.
      for (const error of backend === 'wasm' ? [training, step] : [training, step, save]) {
        expect(error).to.include({code: 'ENVIRONMENT'}).with.property('message').that.includes('removed').and.includes('last saved');
      }
      expect(disposing).to.equal(undefined);
    }));
  }

  for (const backend of ['webgl', 'webgpu', 'wasm']) {
    it(`a ${backend} backend that is disposed in the middle is told, with what to do`, () => onPage('plain', async page => {
      await page.run('use', backend);
      const {training, step, save, count, elsewhere, disposing} = await page.run('disposeBackend');
      for (const error of [training, step, save]) expect(error).to.include({code: 'ENVIRONMENT'}).with.property('message').that.includes('disposed').and.includes('tf.setBackend');
      // On wasm the slots are still there, and can be saved from elsewhere.
      for (const error of backend === 'wasm' ? [] : [count, elsewhere]) expect(error).to.include({code: 'ENVIRONMENT'}).with.property('message').that.includes('disposed');
      if (backend === 'wasm') expect([count, elsewhere]).to.deep.equal([undefined, undefined]);
      expect(disposing).to.equal(undefined);
    }));
  }

  it('WebGL with floats of 16 bits has its slots outside, and a notice says so', () => onPage('plain', async page => {
    const {runner, notices} = await page.run('use', 'webgl', {WEBGL_FORCE_F16_TEXTURES: true});
    expect(runner).to.equal('wasm-copy');
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('16 bits').and.include('copied');
    const {losses, notices: told} = await page.run('trainSaveResume');
    expect(losses.at(-1)).to.be.lessThan(0.95 * losses[0]!);
    expect(told).to.have.lengthOf(1);
  }));

  it('a policy against eval and WebAssembly lets the GPU kernels run, and the host step in plain JavaScript with one notice', () => onPage('strict', async page => {
    expect(await page.run('use', 'webgl')).to.deep.include({runner: 'webgl', notices: []});
    expect((await page.run('trainSaveResume')).difference).to.equal(0);
    const {runner, notices} = await page.run('use', 'cpu');
    expect(runner).to.equal('js');
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('no WebAssembly SIMD').and.include('Content Security Policy');
    const {losses, notices: told} = await page.run('trainSaveResume');
    expect(losses.at(-1)).to.be.lessThan(0.95 * losses[0]!);
    expect(told).to.have.lengthOf(1);
    // Chromium reports the policy's refusal itself.
    page.errors.splice(0, page.errors.length, ...page.errors.filter(error => !error.includes('Content Security Policy')));
  }));

  it('a page without WebAssembly steps in plain JavaScript, with one notice', () => onPage('plain', async page => {
    await page.run('removeWebAssembly');
    const {runner, notices} = await page.run('use', 'cpu');
    expect(runner).to.equal('js');
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('no WebAssembly SIMD');
    expect((await page.run('trainSaveResume')).notices).to.have.lengthOf(1);
  }));
});

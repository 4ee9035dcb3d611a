import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {learnedOptimizer} from '../../src/index.js';
import {useBackend, type BackendName} from '../support/backends.js';
import {apply, Bowl, minimize} from './bowl.js';
import {onOpsBackend, useOpsBackend} from './ops-backend.js';
import {lstm, mlp} from './tasks.js';
import {compiled, copyState, expectClose, expectSame, loaded, saved, train, weightsOf} from './training.js';

describe('moving from one backend to another', () => {
  after(() => useBackend('cpu'));

  for (const task of [mlp, lstm]) {
    it(`in the middle goes on as if one had stayed, for ${task.title}`, async () => {
      const places: ReadonlyArray<readonly BackendName[]> = [['cpu', 'cpu', 'cpu', 'cpu'], ['cpu', 'wasm', 'node', 'cpu'], ['node', 'cpu', 'wasm', 'node']];
      const results: Float32Array[][] = [];
      for (const stations of places) {
        await useBackend(stations[0]!);
        const model = compiled(task, learnedOptimizer({numSteps: 20}));
        for (const [i, station] of stations.entries()) {
          await useBackend(station);
          await train(model, task, 5 * i, 5 * i + 5);
        }
        expect(model.optimizer.iterations).to.equal(20);
        results.push(weightsOf(model));
        model.optimizer.dispose();
        model.dispose();
      }
      // The backends' own forward and backward passes round otherwise.
      for (const result of results.slice(1)) expectClose(result, results[0]!, 1e-3);
    });
  }

  it('between the loss and the step, or to tf ops and back, keeps the state', async () => {
    const results: Float32Array[][] = [];
    for (const moving of [false, true]) {
      await useBackend('cpu');
      const bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer({numSteps: 20});
      for (let step = 0; step < 20; step++) {
        const {value, grads} = optimizer.computeGradients(() => bowl.loss(step), bowl.variables);
        if (moving && step % 5 === 4) await (step % 10 === 4 ? useOpsBackend() : useBackend('wasm'));
        optimizer.applyGradients(grads);
        tf.dispose([value, grads] as tf.TensorContainer[]);
      }
      results.push(bowl.values());
      optimizer.dispose();
      bowl.dispose();
    }
    expectClose(results[1]!, results[0]!, 1e-3);
  });

  it('saves on one and resumes on another', async () => {
    await useBackend('node');
    const model = compiled(mlp, learnedOptimizer());
    await train(model, mlp, 0, 5);
    const artifacts = await saved(model);
    await useBackend('wasm');
    const resumed = await loaded(artifacts);
    await train(resumed, mlp, 5, 10);
    await useBackend('node');
    await train(model, mlp, 5, 10);
    expectClose(weightsOf(resumed), weightsOf(model), 1e-3);
    for (const m of [model, resumed]) {
      m.optimizer.dispose();
      m.dispose();
    }
  });
});

onOpsBackend(() => {
  it('the steps are those of the fused kernel, and a notice says that they are slower', async () => {
    const notices: string[] = [], results: Float32Array[][] = [];
    for (const use of [useOpsBackend, () => useBackend('cpu')]) {
      await use();
      const bowl = new Bowl([[4, 3], [5], [], [2, 1, 3]]);
      const optimizer = learnedOptimizer({numSteps: 60, learningRate: 0.2, clipNorm: 1, weightDecay: 0.1, onNotice: notice => void notices.push(notice)});
      // Rounding grows with each step, and the more the longer steps are.
      minimize(optimizer, bowl, 0, 20);
      apply(optimizer, bowl, 20);
      results.push(bowl.values());
      optimizer.dispose();
      bowl.dispose();
    }
    await useOpsBackend();
    expectClose(results[0]!, results[1]!, 1e-4);
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include('tf ops');
  });

  it('a step that is not finite changes no variable, and is counted', async () => {
    const bowl = new Bowl([[3], [2, 2]]), optimizer = learnedOptimizer(), second = learnedOptimizer();
    minimize(optimizer, bowl, 0, 3);
    const values = bowl.values();
    optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
    optimizer.minimize(() => tf.add(bowl.loss(), Infinity), false, bowl.variables);
    expectSame(bowl.values(), values);
    // Steps made meanwhile do not count.
    const read = optimizer.readSkippedSteps();
    optimizer.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
    expect(await read).to.equal(2);
    expect([optimizer.skippedSteps, await optimizer.readSkippedSteps()]).to.deep.equal([3, 3]);
    await copyState(optimizer, second);
    expect(second.skippedSteps).to.equal(3);
    optimizer.dispose();
    expect([optimizer.skippedSteps, await optimizer.readSkippedSteps()], 'after dispose').to.deep.equal([3, 3]);
    const strict = learnedOptimizer({onNonFinite: 'throw'});
    strict.minimize(() => tf.mul(bowl.loss(), NaN), false, bowl.variables);
    expect(() => minimize(strict, bowl, 3, 4), 'one step late').to.throw().with.property('code', 'NON_FINITE');
    expectSame(bowl.values(), values);
    minimize(strict, bowl, 3, 4);
    [second, strict].forEach(o => o.dispose());
    bowl.dispose();
  });

  it('nothing is left behind, and no tensor more from step to step', async () => {
    const before = tf.memory().numTensors;
    const optimizer = learnedOptimizer();
    const models = [compiled(mlp, optimizer), compiled(mlp, optimizer)];
    await train(models[0]!, mlp, 0, 2);
    await train(models[1]!, mlp, 0, 2);
    const early = tf.memory().numTensors;
    for (let step = 2; step < 6; step++) for (const model of models) await train(model, mlp, step, step + 1);
    expect(tf.memory().numTensors).to.equal(early);
    models[1]!.dispose();
    const third = compiled(mlp, optimizer);
    await train(third, mlp, 0, 1);
    third.dispose();
    models[0]!.dispose();
    optimizer.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('variables that had separate histories and are then trained together leave nothing behind', () => {
    const before = tf.memory().numTensors, bowl = new Bowl([[3], [4]]), optimizer = learnedOptimizer();
    for (const variable of bowl.variables) optimizer.minimize(() => bowl.loss(0, [variable]), false, [variable]);
    minimize(optimizer, bowl, 1, 3);
    optimizer.dispose();
    bowl.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });
});

describe('an engine without WebAssembly SIMD', () => {
  it('trains alike by plain JavaScript, and a notice says that it is slower', async function () {
    this.timeout(60_000);
    const script = fileURLToPath(new URL('without-simd.ts', import.meta.url));
    // V8 offers SIMD to WebAssembly only where the processor has SSE 4.1: this tells it that there is none.
    const {status, stdout, stderr} = spawnSync(process.execPath, ['--no-enable-sse4-1', '--import', 'tsx', script], {encoding: 'utf8'});
    expect(status, stderr).to.equal(0);
    const {results, kernels} = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1)) as {
      results: Array<{name: BackendName; notices: string[]; skipped: number; values: number[][]}>; kernels: {registered: string[]; pooled: number; code: string};
    };
    expect(kernels.registered).to.include('Conv2DBackpropFilter').and.not.include('MaxPoolGrad');
    expect(kernels).to.include({pooled: 1, code: 'UNSUPPORTED_BACKEND'});
    expect(results.map(r => r.name)).to.deep.equal(['cpu', 'wasm']);
    for (const {name, notices, skipped, values} of results) {
      await useBackend(name);
      const bowl = new Bowl([[4, 3], [5], []]), optimizer = learnedOptimizer({numSteps: 50, learningRate: 0.2, clipNorm: 1, weightDecay: 0.1});
      minimize(optimizer, bowl, 0, 50);
      expectClose(values.map(v => Float32Array.from(v)), bowl.values(), 1e-4);
      expect(notices).to.have.lengthOf(2);
      expect(notices[0]).to.include('no WebAssembly SIMD').and.include('plain JavaScript');
      expect(skipped).to.equal(1);
      optimizer.dispose();
      bowl.dispose();
    }
    await useBackend('cpu');
  });
});

describe('a host that refuses memory', () => {
  for (const [refused, words] of [['shared', [/steps are made on one thread/]], ['all', [/steps are made on one thread/, /no memory for WebAssembly.*plain JavaScript/, /numThreads: 2.*'js'/]]] as const) {
    it(`to WebAssembly (${refused}) has its variables stepped all the same, and is told so`, function () {
      this.timeout(60_000);
      const script = fileURLToPath(new URL('without-memory.ts', import.meta.url));
      const {status, stdout, stderr} = spawnSync(process.execPath, ['--import', 'tsx', script, refused], {encoding: 'utf8'});
      expect(status, stderr).to.equal(0);
      const {notices, values} = JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as {notices: string[]; values: number[][]};
      expect(notices, notices.join()).to.have.lengthOf(words.length);
      words.forEach((word, i) => expect(notices[i]).to.match(word));
      const bowl = new Bowl([[4, 3], [5]]), optimizer = learnedOptimizer();
      minimize(optimizer, bowl, 0, 5);
      expectClose(values.map(v => Float32Array.from(v)), bowl.values(), 1e-4);
      optimizer.dispose();
      bowl.dispose();
    });
  }
});

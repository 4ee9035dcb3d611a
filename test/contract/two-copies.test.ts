import * as tf from '@tensorflow/tfjs-core';
import type * as tfLayers from '@tensorflow/tfjs-layers';
import {expect} from 'chai';
import {createRequire} from 'node:module';
import {learnedOptimizer, register} from '../../src/index.js';
import {BACKENDS, forEachBackend} from '../support/backends.js';
import {mlp} from './tasks.js';
import {expectSame, saved, train, weightsOf} from './training.js';

const require = createRequire(import.meta.url);

interface Copies {
  readonly core: typeof tf;
  readonly layers: typeof tfLayers;
}

/** Second copies of tfjs-core and tfjs-layers, as npm installs them where versions do not agree. */
function loadCopies(): Copies {
  const modules = require.cache, first = {...modules};
  const clear = (): void => {
    for (const path of Object.keys(modules)) if (/@tensorflow[\\/]tfjs-(core|layers)[\\/]/.test(path)) Reflect.deleteProperty(modules, path);
  };
  const {warn} = console;
  // TF.js warns of a second copy, rightly.
  console.warn = () => undefined;
  try {
    clear();
    return {core: require('@tensorflow/tfjs-core') as typeof tf, layers: require('@tensorflow/tfjs-layers') as typeof tfLayers};
  } finally {
    clear();
    Object.assign(modules, first);
    console.warn = warn;
  }
}

describe('two copies of tfjs-core in one process', () => {
  let copies: Copies;
  before(() => (copies = loadCopies()));

  const build = (): tfLayers.LayersModel => {
    const {layers, sequential} = copies.layers;
    const model = sequential({layers: [layers.dense({units: 3, inputShape: [5], activation: 'softmax', name: 'second_copy'})]});
    model.compile({optimizer: learnedOptimizer(), loss: mlp.loss});
    return model;
  };
  const load = (artifacts: tf.io.ModelArtifacts): Promise<tfLayers.LayersModel> => copies.layers.loadLayersModel(copies.core.io.fromMemory(structuredClone(artifacts)));

  it('have one engine, and a register of classes each', () => {
    expect(copies.core.engine()).to.equal(tf.engine());
    expect(copies.core.serialization.SerializationMap).to.not.equal(tf.serialization.SerializationMap);
  });

  it('load no model of an unregistered class, and say so', async () => {
    const model = build(), artifacts = await saved(model);
    model.optimizer.dispose();
    model.dispose();
    let message = '';
    await load(artifacts).catch((error: unknown) => (message = String(error)));
    expect(message).to.include('LearnedOptimizer').and.include('registerClass');
    // TF.js leaves the variables of the model that it did not finish.
    Object.entries(tf.engine().registeredVariables).filter(([name]) => name.startsWith('second_copy')).forEach(([, v]) => v.dispose());
  });

  it('are told of the classes by register, which takes no more than a part of tf, and may be called again', () => {
    const registered: unknown[] = [];
    register({serialization: {
      registerClass(cls) {
        registered.push(cls);
        return cls;
      },
    }});
    expect(registered.map(cls => (cls as {className: string}).className)).to.deep.equal(['LearnedOptimizer', 'FlatnessMark']);
    register(copies.core);
    register(copies.core);
    register();
  });

  forEachBackend(BACKENDS, () => {
    it('train, save and load', async () => {
      const model = build();
      await train(model, mlp, 0, 5);
      const resumed = await load(await saved(model));
      await train(model, mlp, 5, 10);
      await train(resumed, mlp, 5, 10);
      expectSame(weightsOf(resumed), weightsOf(model));
      for (const m of [model, resumed]) {
        m.optimizer.dispose();
        m.dispose();
      }
    });
  });
});

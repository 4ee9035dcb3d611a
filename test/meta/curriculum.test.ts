import {expect} from 'chai';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {CHECKPOINT_NAME, decodeCheckpoint, type RunState} from '../../src/meta/checkpoint.js';
import {afterJudgement, FIRST_STAGE, horizonsAt, judgedHorizons, type StageState} from '../../src/meta/curriculum.js';
import {metaFit} from '../../src/meta/meta-fit.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import {quadraticFamily} from '../../src/tasks/families/quadratic.js';
import type {TaskFamily} from '../../src/tasks/task-family.js';
import {slopes} from './families/slopes.js';
import {RUN} from './run-options.js';

describe('a growing curriculum', () => {
  const curriculum = {from: [20, 50], over: 0.5} as const;

  it('goes from its first range to the full one in equal ratios, and stays there', () => {
    const at = (progress: number): readonly number[] => horizonsAt(curriculum, [80, 800], FIRST_STAGE, progress);
    expect(at(0)).to.deep.equal([20, 50]);
    expect(at(0.25)).to.deep.equal([40, 200]);
    expect(at(0.5)).to.deep.equal([80, 800]);
    expect(at(1)).to.deep.equal([80, 800]);
  });

  it('judges by the full range', () => {
    expect(judgedHorizons(curriculum, [80, 800], FIRST_STAGE)).to.deep.equal([80, 800]);
  });
});

describe('a staged curriculum', () => {
  const curriculum = {stages: [[5, 5], [10, 10]], minJudgements: 3} as const;
  const after = (judgements: readonly boolean[], from: StageState = FIRST_STAGE): StageState => judgements.reduce((state, better) => afterJudgement(curriculum, state, better), from);

  it('trains with its stages in turn, then the full range, and judges by the next', () => {
    const ranges = [0, 1, 2].map(stage => [horizonsAt(curriculum, [20, 40], {...FIRST_STAGE, stage}, 0), judgedHorizons(curriculum, [20, 40], {...FIRST_STAGE, stage})]);
    expect(ranges).to.deep.equal([[[5, 5], [10, 10]], [[10, 10], [20, 40]], [[20, 40], [20, 40]]]);
  });

  it('moves on where a stage has improved theta and then fails to, after so many judgements', () => {
    expect(after([true, false])).to.include({stage: 0, stuck: false});
    expect(after([true, true, true, true])).to.include({stage: 0, stuck: false});
    expect(after([true, true, false])).to.deep.equal({...FIRST_STAGE, stage: 1});
  });

  it('ends where a stage has not improved theta at all, but never in the last one', () => {
    expect(after([false, false])).to.include({stuck: false});
    expect(after([false, false, false])).to.include({stage: 0, stuck: true});
    expect(after([false, false, false, false], {...FIRST_STAGE, stage: 2})).to.include({stage: 2, stuck: false});
  });
});

describe('metaFit with a curriculum', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-curriculum-'))));
  afterEach(() => rmSync(folder, {recursive: true}));

  /** The last checkpoint of a run. */
  function stateOf(dir: string): RunState {
    const bytes = readFileSync(join(dir, CHECKPOINT_NAME)), recipe = /"recipe":"([0-9a-f]{16})"/.exec(bytes.toString('latin1'))![1]!;
    return decodeCheckpoint(bytes, recipe, dir);
  }

  /** Train batches that each task's runs have read, task by task, in the order of their seeds' first use. */
  async function batchesRead(options: Partial<MetaFitOptions>): Promise<number[]> {
    const read = new Map<number, number>();
    const counting: TaskFamily = {
      name: 'counting',
      sample(random) {
        const task = slopes.sample(random), {seed} = random;
        return {
          init: () => task.init(), loss: (params, batch) => task.loss(params, batch as never),
          *batches(split) {
            for (const own = task.batches(split); ;) {
              if (split === 'train') read.set(seed, (read.get(seed) ?? 0) + 1);
              yield own.next().value;
            }
          },
        };
      },
    };
    await metaFit({...RUN, tasks: counting, numPairs: 1, numHeldOut: 1, validateEvery: 1000, windowSteps: 1000, ...options});
    return [...read.values()];
  }

  it('begins short and ends long', async () => {
    const [heldOut, _staggered, ...pairs] = await batchesRead({numOuterSteps: 20, horizons: [40, 40], curriculum: {from: [4, 4], over: 0.5}});
    // The held-out task is run twice, alone; two particles run each of the others.
    expect(heldOut).to.equal(2 * 40);
    expect(pairs[0]).to.be.within(2 * 4, 2 * 7);
    expect(pairs.at(-1)).to.equal(2 * 40);
    expect(pairs.every((h, i) => i === 0 || h >= pairs[i - 1]!)).to.equal(true);
  });

  it('goes through stages to the last one, and gives the same theta where it was stopped in the middle of them and goes on', async () => {
    const run = {
      ...RUN, tasks: quadraticFamily({dimension: 3}) as TaskFamily, numOuterSteps: 60, horizons: [20, 20], validateEvery: 2, learningRate: 1e-2, windowSteps: 4,
      curriculum: {stages: [[4, 4], [10, 10]], minJudgements: 2},
    } as const;
    const whole = await metaFit({...run, checkpointDir: join(folder, 'whole')});
    for (const stopAt of [5, 23]) {
      const stop = new AbortController(), checkpointDir = join(folder, String(stopAt));
      await metaFit({...run, checkpointDir, signal: stop.signal, onProgress: p => p.outerStep === stopAt && stop.abort()});
      const resumed = await metaFit({...run, checkpointDir});
      expect(resumed.theta.hash).to.equal(whole.theta.hash);
      expect(resumed.history).to.deep.equal(whole.history);
    }
    expect(stateOf(join(folder, 'whole')).stage.stage).to.equal(2);
  });

  it('stops early where a stage brings nothing', async () => {
    const {stopped, history} = await metaFit({...RUN, tasks: slopes, numOuterSteps: 200, validateEvery: 1, learningRate: 1e-12, curriculum: {stages: [[4, 4]], minJudgements: 3}});
    expect(stopped).to.equal('early');
    expect(history.length).to.be.below(200);
  });
});

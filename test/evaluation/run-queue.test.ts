import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {RunQueue, RunsEnded, type RunSeat} from '../../src/evaluation/run-queue.js';
import type {RunRecord, RunSpec} from '../../src/evaluation/run-spec.js';
import {WorkerDeath} from '../../src/meta/worker-thread.js';

const RECORD: RunRecord = {made: 1, train: [], validation: [], seconds: 0};
const specOf = (task: number): RunSpec => ({task, optimizer: {kind: 'learned'}, seed: 'run 0', steps: 1, horizon: 0, measureAt: [], validateAt: []});
const seatOf = (run: (spec: RunSpec) => Promise<RunRecord>): RunSeat => ({run, stop: () => Promise.resolve()});
const never = (): undefined => undefined;

describe('RunQueue', () => {
  it('begins the runs of earlier tasks first', async () => {
    const order: number[] = [], queue = new RunQueue([seatOf(({task}) => {
      order.push(task);
      return Promise.resolve(RECORD);
    })], never);
    await Promise.all([2, 0, 1, 0].map(task => queue.run(specOf(task))));
    expect(order).to.deep.equal([0, 0, 1, 2]);
  });

  it('keeps as many runs going as there are seats', async () => {
    let going = 0, most = 0;
    const seat = (): RunSeat => seatOf(async () => {
      most = Math.max(most, ++going);
      await new Promise(resolve => setTimeout(resolve, 1));
      going--;
      return RECORD;
    });
    const queue = new RunQueue([seat(), seat(), seat()], never);
    await Promise.all(Array.from({length: 9}, () => queue.run(specOf(0))));
    expect(most).to.equal(3);
  });

  it('begins nothing more once it is over, and lets runs in flight end', async () => {
    let begun = 0;
    const queue = new RunQueue([seatOf(() => {
      begun++;
      return Promise.resolve(RECORD);
    })], () => (begun >= 2 ? new RunsEnded('limit') : undefined));
    const outcomes = await Promise.allSettled([0, 1, 2, 3].map(task => queue.run(specOf(task))));
    expect(outcomes.map(({status}) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect((outcomes[3] as PromiseRejectedResult).reason).to.be.instanceOf(RunsEnded).with.property('reason', 'limit');
  });

  it('asks a seat again whose worker died, and gives up at the third death in a row', async () => {
    let deaths = 0;
    const dying = (times: number): RunQueue => new RunQueue([seatOf(() => (deaths++ < times ? Promise.reject(new WorkerDeath('gone')) : Promise.resolve(RECORD)))], never);
    expect(await dying(2).run(specOf(0))).to.equal(RECORD);
    deaths = 0;
    const failure = await dying(3).run(specOf(0)).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(L2OError).with.property('message').that.matches(/got 3 deaths in a row at the same run \(gone\)/);
  });

  it('does not ask a seat again that died because the queue was stopped', async () => {
    let asked = 0, die: (error: Error) => void = () => undefined;
    const seat: RunSeat = {
      run: () => {
        asked++;
        return new Promise((_, reject) => (die = reject));
      },
      stop: () => {
        die(new WorkerDeath('terminated'));
        return Promise.resolve();
      },
    };
    const queue = new RunQueue([seat], never), outcome = queue.run(specOf(0)).catch((error: unknown) => error);
    await Promise.resolve();
    await queue.stop();
    expect(await outcome).to.be.instanceOf(RunsEnded);
    expect(asked).to.equal(1);
  });

  it('ends with the first run that fails, since no result is whole without it', async () => {
    const queue = new RunQueue([seatOf(({task}) => (task === 0 ? Promise.reject(new L2OError('INVALID_ARGUMENT', 'broken')) : Promise.resolve(RECORD)))], never);
    const outcomes = await Promise.allSettled([0, 1].map(task => queue.run(specOf(task))));
    expect(outcomes.map(o => (o as PromiseRejectedResult).reason as Error).map(e => e.message)).to.deep.equal(['broken', 'broken']);
  });
});

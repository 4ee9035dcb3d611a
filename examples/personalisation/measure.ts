/** What each way to train a new user's classifier is worth, on users that no optimizer and no rate has seen. */
import * as tf from '@tensorflow/tfjs-core';
import {learnedOptimizer, Random, type Task, type Theta} from '../../src/index.js';
import {fewestSteps, type Curves, type Tried} from './compare.js';
import {userTask} from './family.js';
import {HORIZON} from './meta-train.js';
import {pretrain} from './pretrain.js';
import {accuracies, type Weights} from './train.js';
import {drawUser, type Group, type User} from './users.js';

/** Everything that the figures depend on, beside the theta. */
export const PLAN = {
  numUsers: 50, userSeed: 2024,
  /** Meta-training users, other than those of the meta-training itself, that rates are chosen on. */
  numTuningUsers: 20, tuningSeed: 77,
  adamRates: [1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2], adamSteps: 1500, shippedSteps: 400,
  fineTuning: {rates: [1e-3, 3e-3, 1e-2, 3e-2], steps: 500, numPretrainingUsers: 200, pretrainingSteps: 5000, pretrainingSeed: 5},
} as const;

/** How fine-tuning is set up: which layers of the shared network a user starts from, and Adam's rate. */
export interface FineTuning {
  readonly rate: number;
  /** `hidden`: the output layer starts anew, since each user's labels are in an order of their own. */
  readonly from: 'hidden' | 'all';
}

/** One way to train, on all unseen users. */
export interface Line {
  readonly id: 'meta-trained' | 'shipped' | 'adam' | 'fine-tuning';
  readonly name: string;
  readonly numSteps: number;
  readonly curves: Curves;
}

/** What was measured. */
export interface Measurement {
  readonly tuning: ReadonlyArray<Tried<number>>;
  readonly fineTuning: ReadonlyArray<Tried<FineTuning>>;
  readonly lines: readonly Line[];
}

/** As {@link PLAN}, with other numbers: for tests. */
export type MeasurePlan = Numbers<typeof PLAN>;
type Numbers<T> = T extends number ? number : T extends readonly number[] ? readonly number[] : {readonly [K in keyof T]: Numbers<T[K]>};

interface Candidate {
  readonly user: User;
  /** Samples the user's task: the same images, start and batches at each call. */
  readonly task: () => Task;
}

/** Chooses Adam's rates, then trains all unseen users' classifiers in each way. @param report Told what is being done. */
export function measure(theta: Theta, report: (text: string) => void, plan: MeasurePlan = PLAN): Measurement {
  const {numUsers, userSeed, numTuningUsers, tuningSeed, adamRates, adamSteps, shippedSteps, fineTuning: tune} = plan;
  const tuningUsers = candidates(tuningSeed, numTuningUsers, 'meta-training'), users = candidates(userSeed, numUsers, 'unseen');
  const run = (who: readonly Candidate[], what: string, numSteps: number, makeOptimizer: () => tf.Optimizer, start?: Weights): Curves =>
    who.map(({user, task}, i) => {
      report(`${what}: user ${i + 1} of ${who.length}`);
      return accuracies(task(), user.test, numSteps, makeOptimizer, start);
    });
  const tuning = adamRates.map(rate => ({setting: rate, curves: run(tuningUsers, `choosing Adam's rate, ${rate}`, adamSteps, () => tf.train.adam(rate))}));
  const {setting: rate} = fewestSteps(tuning);

  report('pretraining');
  const shared = pretrain(tune.pretrainingSeed, tune.numPretrainingUsers, tune.pretrainingSteps), {kernel0, bias0} = shared;
  const startOf = ({from}: FineTuning): Weights => (from === 'all' ? shared : {kernel0: kernel0!, bias0: bias0!});
  const settings = tune.rates.flatMap((r): FineTuning[] => [{rate: r, from: 'hidden'}, {rate: r, from: 'all'}]);
  const fineTuning = settings.map(setting => ({
    setting, curves: run(tuningUsers, `choosing the rate of fine-tuning, ${setting.rate}`, tune.steps, () => tf.train.adam(setting.rate), startOf(setting)),
  }));
  const {setting: fine} = fewestSteps(fineTuning);

  const line = (id: Line['id'], name: string, numSteps: number, makeOptimizer: () => tf.Optimizer, start?: Weights): Line =>
    ({id, name, numSteps, curves: run(users, name, numSteps, makeOptimizer, start)});
  const lines = [
    line('meta-trained', 'meta-trained on other users', HORIZON, () => learnedOptimizer({theta, numSteps: HORIZON})),
    line('shipped', 'learnedOptimizer() as shipped', shippedSteps, () => learnedOptimizer({numSteps: shippedSteps})),
    line('adam', `Adam, best rate (${rate})`, adamSteps, () => tf.train.adam(rate)),
    line('fine-tuning', `Adam (${fine.rate}) from a pretrained start`, tune.steps, () => tf.train.adam(fine.rate), startOf(fine)),
  ];
  tf.dispose({...shared});
  return {tuning, fineTuning, lines};
}

function candidates(seed: number, count: number, group: Group): Candidate[] {
  return Array.from({length: count}, (_, i) => {
    const {seed: own} = new Random(seed).fork(i), user = drawUser(new Random(own).fork('user'), group, group === 'unseen' ? undefined : 300);
    return {user, task: () => userTask(new Random(own), user)};
  });
}

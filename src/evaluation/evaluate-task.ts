import {finalLosses, speedUpOver} from './comparison.js';
import {planned, runSeeds, tuned, unplanned, type Branch, type Contender, type TaskRunner} from './contender.js';
import {DEFAULT_ADAM, baseline, type BaselineKind, type OptimizerSpec} from './optimizers.js';
import {atEnds} from './run-spec.js';
import {smooth} from './speed-up.js';
import {share, tune} from './tuning.js';

/** Number of steps that ours is told in place of T, where it is told something wrong: a share of T, or 0 for nothing. */
export const WRONG_PLANS = {half: 0.5, double: 2, omitted: 0} as const;
export type WrongPlan = keyof typeof WRONG_PLANS;

/** What one task is evaluated with. */
export interface TaskPlan {
  readonly baselines: readonly BaselineKind[];
  /** Names. */
  readonly peers: readonly string[];
  /** Whether ours is also run with wrong numbers of steps. */
  readonly sensitivity: boolean;
}

/** All runs of one task. */
export interface TaskRuns {
  readonly ours: Contender;
  /** Baselines, peers, and `adamDefault`, by name. */
  readonly others: ReadonlyMap<string, Contender>;
  /** Ours, told wrong numbers of steps; as far as their speed-ups need it. */
  readonly wrongPlans: ReadonlyMap<WrongPlan, Contender>;
}

const LEARNED: OptimizerSpec = {kind: 'learned'};
/** Horizons of ours beyond T, for the tasks on which it is slower. */
const OUR_HORIZONS = [1, 2, 4] as const;

/** Makes all runs of one task. */
export async function evaluateTask(runner: TaskRunner, {baselines, peers, sensitivity}: TaskPlan): Promise<TaskRuns> {
  const {task, steps, numTuningSeeds, run} = runner;
  const [ours, adamDefault, ...rest] = await Promise.all([
    planned(runner, () => LEARNED, OUR_HORIZONS),
    unplanned(runner, DEFAULT_ADAM),
    ...baselines.map(async kind => {
      const tuning = await tune({task, steps, baseline: baseline(kind), numSeeds: numTuningSeeds, run});
      return tuned(runner, baseline(kind), tuning);
    }),
    ...peers.map(peer => planned(runner, () => ({kind: 'peer', peer}), [0.25, 0.5, 1, 2, 4])),
  ]);
  const others = new Map([...baselines, ...peers].map((name, i) => [name, rest[i]!]));
  const wrong = sensitivity ? Object.keys(WRONG_PLANS) as WrongPlan[] : [];
  const wrongPlans = await Promise.all(wrong.map(async plan => [plan, await wrongPlan(runner, ours, [...others.values()], WRONG_PLANS[plan])] as const));
  return {ours, others: new Map([...others, ['adamDefault', adamDefault]]), wrongPlans: new Map(wrongPlans)};
}

/** Ours told `told` times as many steps as it has; runs longer than T are made only where it is slower than another. */
async function wrongPlan(runner: TaskRunner, ours: Contender, others: readonly Contender[], told: number): Promise<Contender> {
  const {steps} = runner, end = async (horizon: number): Promise<Branch> => {
    const length = share(steps, horizon), measureAt = atEnds([length], length);
    const records = await runSeeds(runner, {optimizer: LEARNED, steps: length, horizon: told === 0 ? 0 : share(length, told), measureAt, validateAt: []});
    return {steps: measureAt, losses: records.map(({train}) => smooth(measureAt.map((step, i) => ({step, loss: train[i]!}))).map(({loss}) => loss))};
  };
  const first = await end(1), last = first.steps.length - 1;
  const atT: Branch = {steps: [steps], losses: first.losses.map(losses => [losses[last]!])};
  const contender = (more: readonly Branch[]): Contender => ({...ours, branches: [atT, ...more], curve: {steps: [steps], losses: atT.losses}});
  const seeds = finalLosses(ours).map((_, i) => i), isSlower = others.some(other => speedUpOver(steps, contender([]), other, seeds).value < 1);
  return contender(isSlower ? await Promise.all(OUR_HORIZONS.slice(1).map(end)) : []);
}

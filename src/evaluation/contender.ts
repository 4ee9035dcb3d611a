import {smooth, type LossPoint} from './speed-up.js';
import {HORIZONS, share, type Tuning} from './tuning.js';
import type {Baseline, OptimizerSpec} from './optimizers.js';
import {atEnds, wholeCurve, type RunRecord, type RunSpec, type ValidationRecord} from './run-spec.js';

/** Smoothed losses of one setting of an optimizer, seed by seed: its whole curve, or one end. */
export interface Branch {
  readonly steps: readonly number[];
  /** By seed, then by step. */
  readonly losses: ReadonlyArray<readonly number[]>;
}

/** An optimizer's runs on one task. */
export interface Contender {
  /** What its envelope is made of. */
  readonly branches: readonly Branch[];
  /** Training losses of its runs for T steps, not smoothed. */
  readonly curve: Branch;
  /** At T, by seed. */
  readonly validation: readonly ValidationRecord[];
  /** Whether a run had ended before T, by seed. */
  readonly stopped: readonly boolean[];
  /** Validation losses at T of the setting that was tuned for them, by seed. */
  readonly bestValidation: readonly number[];
  /** How it was tuned, where it was. */
  readonly tuning?: Tuning;
}

/** Makes runs of one task. */
export interface TaskRunner {
  readonly task: number;
  readonly steps: number;
  readonly numSeeds: number;
  readonly numTuningSeeds: number;
  readonly run: (spec: RunSpec) => Promise<RunRecord>;
}

/** What one seed's run is, beside the seed. */
type Setting = Omit<RunSpec, 'task' | 'seed'>;

/** The runs of one setting on all seeds. */
export function runSeeds({task, numSeeds, run}: TaskRunner, setting: Setting): Promise<RunRecord[]> {
  return Promise.all(Array.from({length: numSeeds}, (_, i) => run({task, seed: `run ${i}`, ...setting})));
}

/**
 * An optimizer that plans for a horizon: a run for each of `horizons`, whose ends are its envelope.
 *
 * @param optimizerAt The optimizer for a horizon, of {@link HORIZONS}.
 * @param horizons Shares of T, 1 among them.
 */
export async function planned(runner: TaskRunner, optimizerAt: (horizon: number) => OptimizerSpec, horizons: readonly number[]): Promise<Contender> {
  const {steps} = runner, measured = horizons.map(h => {
    const length = share(steps, h);
    return {length, measureAt: h === 1 ? wholeCurve(length, length) : atEnds([length], length), h};
  });
  const records = await Promise.all(measured.map(({length, measureAt, h}) => runSeeds(runner, {
    optimizer: optimizerAt(h), steps: length, horizon: length, measureAt, validateAt: h === 1 ? [steps] : [],
  })));
  const whole = horizons.indexOf(1), branches = measured.map(({length, measureAt}, i): Branch => ({
    steps: [length], losses: records[i]!.map(({train}) => [smoothed(measureAt, train).at(-1)!]),
  }));
  return {branches, ...atSteps(records[whole]!, measured[whole]!.measureAt, steps)};
}

/** An optimizer with one setting for any horizon, and its whole curve up to T. */
export async function unplanned(runner: TaskRunner, optimizer: OptimizerSpec): Promise<Contender> {
  const {steps} = runner, measureAt = wholeCurve(steps, steps);
  const records = await runSeeds(runner, {optimizer, steps, horizon: 0, measureAt, validateAt: [steps]});
  return {branches: [{steps: measureAt, losses: records.map(({train}) => smoothed(measureAt, train))}], ...atSteps(records, measureAt, steps)};
}

/** A baseline, tuned: at a constant rate the curves of all rates that were the best at some horizon, else the ends of each horizon's best. */
export async function tuned(runner: TaskRunner, baseline: Baseline, tuning: Tuning): Promise<Contender> {
  const {steps} = runner, {kind, hasSchedule} = baseline, {byHorizon, byValidation} = tuning, atT = byHorizon[HORIZONS.indexOf(1)]!;
  const optimizer = (learningRate: number): OptimizerSpec => ({kind, learningRate});
  const [contender, forValidation] = await Promise.all([
    hasSchedule ? planned(runner, h => optimizer(byHorizon[HORIZONS.findIndex(x => x === h)]!), HORIZONS) : constantRates(runner, optimizer, byHorizon),
    byValidation === atT ? undefined : runSeeds(runner, {
      optimizer: optimizer(byValidation), steps, horizon: hasSchedule ? steps : 0, measureAt: [], validateAt: [steps],
    }),
  ]);
  return {...contender, ...forValidation && {bestValidation: forValidation.map(({validation}) => validation[0]!.loss)}, tuning};
}

/** A rate is run to twice the longest horizon at which it was the best, at least to T and at most to 4T. */
async function constantRates(runner: TaskRunner, optimizer: (rate: number) => OptimizerSpec, byHorizon: readonly number[]): Promise<Contender> {
  const {steps} = runner, rates = [...new Set(byHorizon)], most = HORIZONS.at(-1)!;
  const settings = rates.map(rate => {
    const end = share(steps, Math.min(most, Math.max(1, 2 * HORIZONS[byHorizon.lastIndexOf(rate)]!)));
    return {rate, end, measureAt: wholeCurve(end, steps)};
  });
  const records = await Promise.all(settings.map(({rate, end, measureAt}) =>
    runSeeds(runner, {optimizer: optimizer(rate), steps: end, horizon: 0, measureAt, validateAt: [steps]})));
  const branches = settings.map(({measureAt}, i): Branch => ({steps: measureAt, losses: records[i]!.map(({train}) => smoothed(measureAt, train))}));
  const best = rates.indexOf(byHorizon[HORIZONS.indexOf(1)]!);
  return {branches, ...atSteps(records[best]!, settings[best]!.measureAt, steps)};
}

/** What runs had come to after `steps`. */
function atSteps(records: readonly RunRecord[], measureAt: readonly number[], steps: number): Omit<Contender, 'branches'> {
  const count = measureAt.filter(at => at <= steps).length, validation = records.map(r => r.validation[0]!);
  return {
    curve: {steps: measureAt.slice(0, count), losses: records.map(({train}) => train.slice(0, count))},
    validation, stopped: records.map(({made}) => made < steps), bestValidation: validation.map(({loss}) => loss),
  };
}

function smoothed(measureAt: readonly number[], losses: readonly number[]): number[] {
  return smooth(measureAt.map((step, i): LossPoint => ({step, loss: losses[i]!}))).map(({loss}) => loss);
}

import type {EvaluateProgress} from './evaluate-options.js';
import type {RunCache} from './run-cache.js';
import type {RunQueue} from './run-queue.js';
import type {RunRecord, RunSpec} from './run-spec.js';

/** Makes each run once: those in the cache not at all, and those asked for twice one time. Counts what all cost. */
export class RunLedger {
  private readonly known = new Map<string, Promise<RunRecord>>();
  private stepsKnown = 0;
  private stepsDone = 0;
  private stepsCached = 0;
  /** Of all runs. */
  runSeconds = 0;
  numRuns = 0;
  cachedRuns = 0;

  /**
   * @param keyOf All that a run depends on, in words.
   * @param onRun Called after each run.
   */
  constructor(
    private readonly queue: RunQueue, private readonly cache: RunCache | undefined, private readonly keyOf: (spec: RunSpec) => string,
    private readonly onRun: () => void,
  ) {}

  /** The record of a run. @throws as {@link RunQueue.run}. */
  readonly run = (spec: RunSpec): Promise<RunRecord> => {
    const key = this.keyOf(spec), known = this.known.get(key) ?? this.make(key, spec);
    this.known.set(key, known);
    return known;
  };

  private async make(key: string, spec: RunSpec): Promise<RunRecord> {
    this.stepsKnown += spec.steps;
    const cached = this.cache?.read(key), record = cached ?? await this.queue.run(spec);
    if (cached === undefined) this.cache?.write(key, record);
    else {
      this.cachedRuns++;
      this.stepsCached += record.made;
    }
    this.numRuns++;
    this.runSeconds += record.seconds;
    this.stepsDone += record.made;
    // A run that ended early has no steps left.
    this.stepsKnown -= spec.steps - record.made;
    this.onRun();
    return record;
  }

  /** Waits for all runs that were asked for: those in flight are kept. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.known.values());
  }

  /** Steps of all runs so far. */
  steps(): Pick<EvaluateProgress, 'stepsDone' | 'stepsCached'> & {readonly stepsKnown: number} {
    return {stepsDone: this.stepsDone, stepsCached: this.stepsCached, stepsKnown: this.stepsKnown};
  }
}

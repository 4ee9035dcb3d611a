import {countParameters, type CompiledProblem, type CompiledSplit} from '../tasks/compiled-problem.js';
import {EngineMemory, embeddedModule} from './engine-memory.js';
import {EngineRollout} from './engine-rollout.js';
import type {RolloutOptions} from './rollout.js';
import type {TaskOrigin} from './task-origin.js';

/** Where a problem's data lie in an engine. */
export interface LoadedProblem {
  readonly problem: CompiledProblem;
  readonly numParams: number;
  /** Pointers. */
  readonly tensors: number;
  readonly sizes: number;
  /** 0 for none. */
  readonly scales: number;
  readonly splits: ReadonlyArray<{readonly inputs: number; readonly answers: number; readonly data: CompiledSplit}>;
  /** Gives the memory back; call it after the problem's rollouts have been disposed. */
  dispose(): void;
}

/**
 * One instance of the compiled rollout engine, with memory of its own. Not shared between threads. Its results are the same bit
 * for bit on every machine.
 */
export class RolloutEngine {
  private readonly memory: EngineMemory;

  private constructor(module: WebAssembly.Module) {
    this.memory = new EngineMemory(module);
  }

  /**
   * Makes an engine.
   * @param bytes Another build of `kernel/engine.c`, for experiments. Default: the embedded module.
   * @throws WebAssembly.CompileError where SIMD is missing.
   */
  static create(bytes?: BufferSource): RolloutEngine {
    return new RolloutEngine(bytes === undefined ? embeddedModule() : new WebAssembly.Module(bytes));
  }

  /** Bytes of memory that the engine has taken so far; it gives none back, but uses it again. */
  get memoryBytes(): number {
    return this.memory.bytes;
  }

  /** Copies a problem's data into the engine; arrays that are there already are shared. */
  load(problem: CompiledProblem): LoadedProblem {
    const {memory} = this, {parameters, scales, sizes, splits} = problem, numParams = countParameters(problem);
    const shapes = Int32Array.from(parameters.flatMap(({shape, values}) => [shape.length, values.length, shape.at(-1) ?? 1]));
    const data = [splits.train, splits.validation].flatMap(({inputs, answers}) => [inputs, answers]);
    const arrays = [shapes, Int32Array.from(sizes), ...scales === undefined ? [] : [scales], ...data];
    const held = arrays.map(array => memory.hold(array));
    const [tensorsAt, sizesAt] = held as [number, number], dataAt = held.length - data.length;
    return {
      problem, numParams, tensors: tensorsAt, sizes: sizesAt, scales: scales === undefined ? 0 : held[2]!,
      splits: [splits.train, splits.validation].map((part, i) => ({data: part, inputs: held[dataAt + 2 * i]!, answers: held[dataAt + 2 * i + 1]!})),
      dispose: () => arrays.forEach(array => memory.giveBack(array)),
    };
  }

  /**
   * Starts a rollout of a loaded problem.
   * @param origin Where the task came from: with it, a loss that is not finite at the start is an error, as in `OpsRollout`.
   * @param onDispose Called once, when the rollout has been disposed.
   */
  start(loaded: LoadedProblem, options: RolloutOptions, origin?: TaskOrigin, onDispose?: () => void): EngineRollout {
    return new EngineRollout(this.memory, loaded, options, origin, onDispose);
  }
}

let shared: RolloutEngine | null | undefined;

/** This thread's engine, made when it is first asked for; `undefined` where WebAssembly has no SIMD. */
export function threadEngine(): RolloutEngine | undefined {
  if (shared === undefined) {
    try {
      shared = RolloutEngine.create();
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      shared = null;
    }
  }
  return shared ?? undefined;
}


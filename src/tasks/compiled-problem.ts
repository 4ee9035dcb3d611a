import type {Activation, LossKind, TaskKind} from '../rollout/engine-layout.js';
import type {InitialParameter} from './families/shared/parameters.js';
import type {Split, Task} from './task-family.js';

/** One split of a compiled problem's data. */
export interface CompiledSplit {
  /** Row-major, as the kind reads it: features of the examples, a matrix, or a shift. */
  readonly inputs: Float32Array;
  /** Classes for `softmaxCrossEntropy`, else numbers, row-major. */
  readonly answers: Float32Array | Int32Array;
  /** Examples that batches are drawn from; 1 where there are no batches. */
  readonly numExamples: number;
  readonly batchSize: number;
  /** Of the batches; see `batchRows`. */
  readonly seed: number;
  /** Whether each batch is the first examples, in order, and not drawn. Default false. */
  readonly inOrder?: boolean;
}

/** A task as plain data, in the form that the compiled engine runs. `kernel/task.h` and what it includes say what each kind reads. */
export interface CompiledProblem {
  readonly kind: TaskKind;
  /** The parameters of the task's `init()`, in its order, before any scale. */
  readonly parameters: readonly InitialParameter[];
  /** Reparametrisation, one for each single parameter: the optimizer sees parameter / scale. Default: none. */
  readonly scales?: Float32Array;
  /** Sizes of inputs and of each layer; or unknowns and rows; or coordinates; or a program; or what else the kind needs. */
  readonly sizes: readonly number[];
  /** Of hidden layers. Default relu. */
  readonly activation?: Activation;
  /** Default meanSquaredError. */
  readonly loss?: LossKind;
  /** Weight of the penalty. Default 0. */
  readonly strength?: number;
  /** Whether outputs are classes, of which evaluations count the right ones. Default false. */
  readonly classes?: boolean;
  readonly splits: Readonly<Record<Split, CompiledSplit>>;
}

/**
 * Where a task has its form. Global, because a process may hold this library twice, as ES modules and as CommonJS. Not enumerable
 * and never looked up in prototypes, because a copy of a task with another loss is another task.
 */
const FORM = Symbol.for('tfjs-l2o/compiled-problem/1');

/** Says that the compiled engine may run this very task, which cannot be changed from now on. */
export function withCompiledForm<B>(task: Task<B>, form: () => CompiledProblem): Task<B> {
  return Object.freeze(Object.defineProperty(task, FORM, {value: form}));
}

/** The compiled form of a task, if it has one. */
export function compiledFormOf(task: Task): (() => CompiledProblem) | undefined {
  return Object.getOwnPropertyDescriptor(task, FORM)?.value as (() => CompiledProblem) | undefined;
}

/** Whether a problem's losses are those of batches of examples: it is a network. */
export function hasBatches({kind}: CompiledProblem): boolean {
  return kind === 'dense' || kind === 'conv' || kind === 'recurrent' || kind === 'program';
}

/** Number of all parameters. */
export function countParameters({parameters}: CompiledProblem): number {
  return parameters.reduce((count, {values}) => count + values.length, 0);
}

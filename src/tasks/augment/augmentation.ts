import type {Random as Generator} from '../../random.js';
import {Random} from '../../random.js';
import {compiledFormOf, withCompiledForm, type CompiledProblem} from '../compiled-problem.js';
import type {Task, TaskFamily} from '../task-family.js';

/** Turns a family of tasks into another with the same batches. */
export type Augmentation = <B>(family: TaskFamily<B>) => TaskFamily<B>;

/** The members that an augmentation replaces; called once more for a task with other labels. */
export type Change<B> = (task: Task<B>) => Partial<Task<B>>;

/** What an augmentation drew for one task. */
export interface Drawn<B> {
  readonly change: Change<B>;
  /** The same change of the form that the compiled engine runs; without it the augmented task is run by tf ops. */
  readonly compiled?: (problem: CompiledProblem) => CompiledProblem;
}

/**
 * Makes an augmentation.
 *
 * @param label Is added to the family's name.
 * @param draw Draws from `random` what the augmentation needs for one task, and says what it changes. The generator is not
 *   shared with the family: a seed gives the same task with and without the augmentation.
 */
export function augmentation(label: string, draw: <B>(random: Generator, task: Task<B>, name: string) => Drawn<B>): Augmentation {
  return <B>(family: TaskFamily<B>): TaskFamily<B> => ({
    name: `${family.name}, ${label}`,
    sample: random => {
      const task = family.sample(random), own = new Random(random.next());
      return apply(task, draw(own, task, family.name));
    },
  });
}

/**
 * Applies augmentations in turn: the last is the outermost, next to the optimizer.
 *
 * @example
 * const family = augmented(mlpClassificationFamily(), labelNoise({share: 0.1}), reparametrised({level: 'global'}));
 */
export function augmented<B>(family: TaskFamily<B>, ...augmentations: readonly Augmentation[]): TaskFamily<B> {
  return augmentations.reduce((inner, augment) => augment(inner), family);
}

/** The task with some members replaced. Members are called on the task they belong to, so that classes work too. */
function apply<B>(task: Task<B>, drawn: Drawn<B>): Task<B> {
  const form = compiledFormOf(task), {change, compiled} = drawn;
  const changed: Task<B> = {
    init: () => task.init(),
    loss: (params, batch) => task.loss(params, batch),
    batches: split => task.batches(split),
    ...(task.gradients !== undefined && {gradients: (params, batch, step) => task.gradients!(params, batch, step)} satisfies Partial<Task<B>>),
    ...(task.relabel !== undefined && {relabel: newLabel => apply(task.relabel!(newLabel), drawn)} satisfies Partial<Task<B>>),
    ...(task.state !== undefined && {state: () => task.state!()} satisfies Partial<Task<B>>),
    ...(task.setState !== undefined && {setState: (state, step) => task.setState!(state, step)} satisfies Partial<Task<B>>),
    ...(task.dispose !== undefined && {dispose: () => task.dispose!()} satisfies Partial<Task<B>>),
    ...change(task),
  };
  return form === undefined || compiled === undefined ? changed : withCompiledForm(changed, () => compiled(form()));
}

import {L2OError} from '../errors.js';

/** Where a task came from: what it takes to make it again. */
export interface TaskOrigin {
  /** Name of the family. */
  readonly family: string;
  /** Address of the family's module, where it has one. */
  readonly module?: string | undefined;
  /** Seed of the generator that the task was sampled with. */
  readonly seed: number;
}

/** JavaScript that runs a task alone, up to and including the step that failed. */
export function reproduction({module, seed}: TaskOrigin, step: number): string {
  const options = `{tasks: ${module === undefined ? 'family' : `'${module}'`}, seed: ${seed}, steps: ${step + 1}}`;
  return module === undefined
    ? `await checkTask(${options})`
    : `node --input-type=module -e "import {checkTask} from 'tfjs-l2o'; await checkTask(${options.replaceAll('"', '\\"')})"`;
}

/**
 * Throws the error of a task that breaks its contract.
 * @param problem What was expected, and what came.
 * @param remedy What to change.
 */
export function rejectTask(origin: TaskOrigin, step: number, problem: string, remedy: string, cause?: unknown): never {
  throw new L2OError('INVALID_ARGUMENT', `task family '${origin.family}', task seed ${origin.seed}, step ${step}: ${problem}. ${remedy} ` +
    `This runs the task alone: ${reproduction(origin, step)}`, {cause});
}

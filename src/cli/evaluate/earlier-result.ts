import {existsSync, readFileSync} from 'node:fs';
import type {EvaluationResult} from '../../evaluation/result.js';
import {isRecord} from '../../theta/theta-format.js';

/** What a result must hold to be compared with another. */
type Covered = Pick<EvaluationResult, 'suite' | 'numSeeds' | 'speedup'> & {readonly tasks: ReadonlyArray<{readonly name: string}>};

/**
 * What a file holds that a new result of the same suite lacks, in words: tasks, seeds, or other optimizers, save peers that cannot take part here.
 * `undefined` where nothing would be lost by replacing it: also where there is no such file, or no such result in it.
 */
export function lostByReplacing(path: string, result: EvaluationResult): string | undefined {
  const old = readResult(path);
  if (old?.suite !== result.suite) return undefined;
  const tasks = old.tasks.map(({name}) => name).filter(name => !result.tasks.some(task => task.name === name));
  if (tasks.length > 0) return `${tasks.length} more tasks, '${tasks[0]!}' among them`;
  if (old.numSeeds > result.numSeeds) return `${old.numSeeds} seeds of each task`;
  const others = Object.keys(old.speedup).filter(name => !(name in result.speedup) && !result.missing.some(peer => peer.name === name));
  return others.length === 0 ? undefined : `figures beside ${others.join(', ')}`;
}

function readResult(path: string): Covered | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(json) && typeof json.suite === 'string' && typeof json.numSeeds === 'number' && Array.isArray(json.tasks) && json.tasks.every(isRecord) && isRecord(json.speedup)
      ? json as unknown as Covered : undefined;
  } catch {
    // Not one of ours.
    return undefined;
  }
}

import {existsSync, readFileSync} from 'node:fs';
import type {EvaluationResult} from '../../evaluation/result.js';
import {isRecord} from '../../theta/theta-format.js';

/** What a result must hold to be compared with another. */
type Covered = Pick<EvaluationResult, 'suite' | 'complete' | 'speedup'>;

/**
 * What a file holds that a new result of the same suite lacks, in words: all tasks, or other optimizers. `undefined` where
 * nothing would be lost by replacing it: also where there is no such file, or no such result in it.
 */
export function lostByReplacing(path: string, {suite, complete, speedup}: Covered): string | undefined {
  const old = readResult(path);
  if (old?.suite !== suite) return undefined;
  if (old.complete && !complete) return 'all tasks of the suite';
  const lost = Object.keys(old.speedup).filter(name => !(name in speedup));
  return lost.length === 0 ? undefined : `figures beside ${lost.join(', ')}`;
}

function readResult(path: string): Covered | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(json) && typeof json.suite === 'string' && typeof json.complete === 'boolean' && isRecord(json.speedup) ? json as unknown as Covered : undefined;
  } catch {
    // Not one of ours.
    return undefined;
  }
}

import {version_core} from '@tensorflow/tfjs-core';

/** Prints a bench's result as one JSON object, after the versions that it was measured with. */
export function print(result: object, skipped: readonly string[] = []): void {
  console.log(JSON.stringify({node: process.version, tfjs: version_core, ...(skipped.length > 0 && {skipped}), ...result}, null, 1));
}

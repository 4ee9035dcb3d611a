import {hashText} from '../hash-text.js';
import {MODULE_DEFLATED} from './engine-module.wasm.js';

let hash: string | undefined;

/** Hash of the compiled engine with the rules in it: results that are kept say by it which code they came from. */
export function engineHash(): string {
  return (hash ??= hashText(MODULE_DEFLATED, 32));
}

import {inflateSync} from 'fflate';
import {decodeBase64} from './base64.js';

/** Bytes that the build put into a source file: deflated, then base64, which halves a wasm module. */
export function embeddedBytes(text: string): Uint8Array<ArrayBuffer> {
  // A copy: what fflate returns may be a view on a larger buffer.
  return inflateSync(decodeBase64(text)).slice();
}

import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex} from '@noble/hashes/utils.js';

/** The first hexadecimal digits of a text's SHA-256. @param digits From 1 to 64. */
export function hashText(text: string, digits: number): string {
  return bytesToHex(sha256(new TextEncoder().encode(text))).slice(0, digits);
}

import {L2OError} from '../errors.js';
import {checkSize} from './theta-format.js';

/** A place that bytes of unknown origin come from. */
export interface ByteSource {
  /**
   * All bytes, of which there must be no more than `limit`: what says that it is longer is not read, and what turns out
   * longer is not read on.
   * @throws L2OError `CORRUPT_FILE` where there are more, `ENVIRONMENT` where they cannot be read.
   */
  read(limit: number): Promise<Uint8Array>;
  /** As `read`, of the file of this name beside it. @param name A plain file name. */
  readBeside(name: string, limit: number): Promise<Uint8Array>;
}

/** The error of a place that cannot be read or written. */
export function environmentError(caller: string, expected: string, got: string, remedy: string, cause?: unknown): L2OError {
  return new L2OError('ENVIRONMENT', `${caller}: expected ${expected}, got ${got}. ${remedy}`, {cause});
}

/** What an error says, for a message. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All bytes of a stream. @throws L2OError `CORRUPT_FILE` as soon as there are more than `limit`; the stream is cancelled. */
export async function collect(stream: ReadableStream<Uint8Array | ArrayBuffer>, limit: number): Promise<Uint8Array> {
  const reader = stream.getReader(), chunks: Uint8Array[] = [];
  let size = 0, done = false;
  try {
    while (!done) {
      const next = await reader.read();
      done = next.done;
      if (next.value === undefined) continue;
      const chunk = next.value instanceof Uint8Array ? next.value : new Uint8Array(next.value);
      size += chunk.length;
      checkSize(size, limit);
      chunks.push(chunk);
    }
  } finally {
    // Whatever goes wrong here is of no interest beside what went wrong before.
    if (!done) await reader.cancel().catch(() => undefined);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

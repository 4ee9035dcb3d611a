import {dispose, type TensorContainer} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {Split, Task} from '../tasks/task-family.js';
import {rejectTask, type TaskOrigin} from './task-origin.js';

/** Reads a task's batches in order, and finds its way back to any of them. */
export class BatchReader {
  private iterator: Iterator<unknown> | undefined;
  /** Batches given so far. */
  private position = 0;
  /** Batches that were read ahead. */
  private readonly ahead: unknown[] = [];

  constructor(private readonly task: Task, private readonly split: Split, private readonly origin: TaskOrigin) {}

  /** The next batch; the caller frees it with {@link BatchReader.free}. @throws L2OError where there is none. */
  next(): unknown {
    const batch = this.ahead.length > 0 ? this.ahead.shift() : this.read();
    this.position++;
    return batch;
  }

  /** The batch that will be given after `skip` others. It stays the reader's. @throws L2OError where there is none. */
  peek(skip: number): unknown {
    while (this.ahead.length <= skip) this.ahead.push(this.read());
    return this.ahead[skip];
  }

  private read(): unknown {
    const position = this.position + this.ahead.length;
    try {
      this.iterator ??= this.task.batches(this.split);
      const result = this.iterator.next() as IteratorResult<unknown, unknown>;
      if (result.done === true) {
        rejectTask(this.origin, position, `expected ${this.split} batches without end, got ${position}`, 'Start over where the data end.');
      }
      return result.value;
    } catch (error) {
      if (error instanceof L2OError) throw error;
      return rejectTask(this.origin, position, `expected a ${this.split} batch, got the error "${String(error)}"`, 'See its cause.', error);
    }
  }

  /** Frees what {@link BatchReader.next} gave. */
  static free(batch: unknown): void {
    // TF.js would look for tensors at every index of a typed array.
    if (typeof batch === 'object' && batch !== null && !ArrayBuffer.isView(batch)) dispose(batch as TensorContainer);
  }

  /** Makes the batch of this index the next one. A sequence has no way back, so earlier ones are read anew from the start. */
  seek(position: number): void {
    if (position < this.position) this.close();
    while (this.position < position) BatchReader.free(this.next());
  }

  /** Ends the reading; the next batch would be the first again. */
  close(): void {
    this.ahead.splice(0).forEach(batch => BatchReader.free(batch));
    this.iterator?.return?.();
    this.iterator = undefined;
    this.position = 0;
  }
}

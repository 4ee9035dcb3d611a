import {OPERATIONS, PROGRAM_ACTIVATIONS, type Operation, type ProgramActivation} from '../../rollout/engine-layout.js';
import type {NetworkForm} from '../../tasks/families/shared/supervised-task.js';

/** One of a program's values: for each example `tokens` rows of `columns` numbers. */
export interface ProgramValue {
  readonly index: number;
  readonly tokens: number;
  readonly columns: number;
}

/**
 * Writes a network down as the compiled engine runs it (`kernel/program.h`). Parameters are taken in the order of the calls, which
 * must be that of the network's own.
 *
 * @example
 * const program = new NetworkProgram(1, 196), hidden = program.activate('gelu', program.dense(program.input, 96));
 * const form = program.form(program.dense(hidden, 10));
 */
export class NetworkProgram {
  readonly input: ProgramValue;
  private readonly code: number[] = [];
  private numValues = 0;

  /** The features of an example are `[tokens, columns]`. */
  constructor(tokens: number, columns: number) {
    this.input = this.write('input', undefined, tokens, columns);
  }

  /** A dense layer on each token; parameters: kernel, bias. */
  dense(x: ProgramValue, outputs: number): ProgramValue {
    return this.write('dense', x, x.tokens, outputs, 1);
  }

  /** Rows of a table, which {@link NetworkProgram.compare} has too; parameter: the table `[columns of x, size]`. */
  embed(x: ProgramValue, size: number): ProgramValue {
    return this.write('dense', x, x.tokens, size, 0, 1);
  }

  /** Products with all rows of the table of {@link NetworkProgram.embed}. */
  compare(x: ProgramValue, embedded: ProgramValue, numRows: number): ProgramValue {
    return this.write('compare', x, x.tokens, numRows, embedded.index);
  }

  /** Adds a learned place to each token; parameter `[tokens, columns]`. */
  position(x: ProgramValue): ProgramValue {
    return this.write('position', x, x.tokens, x.columns);
  }

  /** Layer normalisation; parameters: scale, shift. */
  norm(x: ProgramValue): ProgramValue {
    return this.write('norm', x, x.tokens, x.columns);
  }

  /** An activation of every number. */
  activate(activation: ProgramActivation, x: ProgramValue): ProgramValue {
    return this.write('activate', x, x.tokens, x.columns, PROGRAM_ACTIVATIONS.indexOf(activation));
  }

  /** The sum of two values of the same shape. */
  add(x: ProgramValue, y: ProgramValue): ProgramValue {
    return this.write('add', x, x.tokens, x.columns, y.index);
  }

  /** Self-attention. @param x Query, key and value side by side. */
  attend(x: ProgramValue, numHeads: number): ProgramValue {
    return this.write('attend', x, x.tokens, x.columns / 3, numHeads);
  }

  /** The mean over tokens; or their sum, weighted by a parameter `[tokens, 1]`. */
  pool(x: ProgramValue, isWeighted = false): ProgramValue {
    return this.write('pool', x, 1, x.columns, isWeighted ? 1 : 0);
  }

  /** A sample of Gaussians, whose divergence from the prior is added to the loss. @param x Means and logarithms of variances side by side. */
  sample(x: ProgramValue, {train, validation}: {readonly train: number; readonly validation: number}): ProgramValue {
    return this.write('sample', x, x.tokens, x.columns / 2, train, validation);
  }

  /** Products of a row and a column of two factors; parameters `[numRows, rank]`, `[numColumns, rank]`. @param x Numbers of row and column. */
  factors(x: ProgramValue, numRows: number, numColumns: number, rank: number): ProgramValue {
    return this.write('factors', x, 1, 1, numRows, numColumns, rank);
  }

  /** The program. @param outputs What was written last: of `dense`, `compare` or `factors`. */
  form({columns}: ProgramValue): Required<Pick<NetworkForm, 'kind' | 'sizes'>> {
    return {kind: 'program', sizes: [...this.code, columns]};
  }

  private write(operation: Operation, from: ProgramValue | undefined, tokens: number, columns: number, a = 0, b = 0, c = 0): ProgramValue {
    this.code.push(OPERATIONS.indexOf(operation), from?.index ?? 0, tokens, columns, a, b, c);
    return {index: this.numValues++, tokens, columns};
  }
}

/**
 * The directions of theta in which it is refined: a few dozen that mean something. In all 5,804 together evolution strategies see
 * little but noise.
 *
 * - Constants: what the LSTM's outputs are by themselves, the guard's strength, the exponents of cooldown and decay.
 * - Gains: how far an output follows the LSTM, and how large a part the per-parameter network has.
 * - Readouts: how step size, weight decay and the gradient's part follow what the LSTM knows of the run (`readouts.ts`).
 */
import {readFileSync} from 'node:fs';
import {NUM_HIDDEN, NUM_MIXED, NUM_OUTPUTS, NUM_PARAMETER_HIDDEN, OUTPUTS, PARAMETER_FEATURES, thetaEntry} from '../../src/rules/tensor-lstm/spec.js';
import type {Readout} from './readouts.js';

/** One of them: what `amount` times it adds to theta. */
export interface Direction {
  readonly name: string;
  /** An amount that makes a difference one can see. */
  readonly scale: number;
  readonly move: (theta: Float32Array, amount: number) => void;
}

export const READOUTS_FILE = new URL('../../weights/tensor-lstm/readouts.json', import.meta.url);

const MIXED = PARAMETER_FEATURES.slice(0, NUM_MIXED);
const SCALES: Readonly<Record<string, number>> = {logStep: 0.15, guard: 1, cooldown: 0.4, decay: 0.5}, SCALE = 0.3, GAIN_SCALE = 0.2;
/** Outputs that readouts lead to. */
const READ_SCALES: Readonly<Record<string, number>> = {logStep: 0.1, parameter: 0.25, tensorGradient: 0.25};
/** Columns of the LSTM's outputs, by name. */
const COLUMNS: Readonly<Record<string, number>> = {
  logStep: OUTPUTS.logStep, ...Object.fromEntries(MIXED.map((name, i) => [name, OUTPUTS.mix + i])),
  ...Object.fromEntries(Array.from({length: NUM_PARAMETER_HIDDEN}, (_, i) => [`h${i}`, OUTPUTS.hidden + i])),
};
const bias = thetaEntry('outputBias').offset, kernel = thetaEntry('outputKernel').offset, head = thetaEntry('headKernel');

function constant(name: string, place: number): Direction {
  return {name, scale: SCALES[name] ?? SCALE, move: (theta, amount) => { theta[place]! += amount; }};
}

function gain(name: string, places: readonly number[]): Direction {
  return {name: `*${name}`, scale: GAIN_SCALE, move: (theta, amount) => { for (const place of places) theta[place]! *= 1 + amount; }};
}

function reading(name: string, {weights, bias: offset}: Readout, output: string): Direction {
  const column = COLUMNS[output]!;
  return {name: `${name}>${output}`, scale: READ_SCALES[output]!, move(theta, amount) {
    weights.forEach((weight, unit) => { theta[kernel + unit * NUM_OUTPUTS + column]! += amount * weight; });
    theta[bias + column]! += amount * offset;
  }};
}

/** All directions. @param readouts As `readouts.ts` has fitted them. */
export function directions(readouts: Readonly<Record<string, Readout>>): Direction[] {
  const column = (name: string): number[] => Array.from({length: NUM_HIDDEN}, (_, unit) => kernel + unit * NUM_OUTPUTS + COLUMNS[name]!);
  return [
    ...Object.entries(COLUMNS).map(([name, at]) => constant(name, bias + at)),
    ...['guard', 'cooldown', 'decay'].map(name => constant(name, thetaEntry(name).offset)),
    ...['logStep', ...MIXED].map(name => gain(name, column(name))),
    gain('head', Array.from({length: head.size}, (_, i) => head.offset + i)),
    ...Object.entries(readouts).flatMap(([name, readout]) => Object.keys(READ_SCALES).map(output => reading(name, readout, output))),
  ];
}

/** Those by the readouts in `weights/`. */
export function savedDirections(): Direction[] {
  return directions(JSON.parse(readFileSync(READOUTS_FILE, 'utf8')) as Record<string, Readout>);
}

/** Theta moved along all directions. @param amounts In units of their scales. */
export function moved(theta: Float32Array, along: readonly Direction[], amounts: readonly number[]): Float32Array {
  const result = theta.slice();
  along.forEach(({scale, move}, i) => move(result, amounts[i]! * scale));
  return result;
}

/**
 * Shifts single weights of the trained theta, by amounts that the suite `validation` has chosen, and takes the result for the
 * best theta. Evolution strategies perturb all 5,804 weights by the same sigma and hardly move these few, each of which scales
 * a whole output of the LSTM, or an exponent of the schedule.
 *
 *     npx tsx recipes/tensor-lstm-offsets.ts logStep=0.1 gradient=1.5 slowAdam=0.6 decay=1.5
 *     npx tsx scripts/embed-theta.ts && npm run evaluate:validation
 *
 * The offsets go into the checkpoint too, where training goes on from.
 */
import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {OUTPUTS, PARAMETER_FEATURES, NUM_MIXED, THETA_SIZE, thetaEntry} from '../src/rules/tensor-lstm/spec.js';

const folder = fileURLToPath(new URL('../weights/tensor-lstm/', import.meta.url)), {offset: bias} = thetaEntry('outputBias');
const PLACES: Readonly<Record<string, number>> = {
  logStep: bias + OUTPUTS.logStep,
  ...Object.fromEntries(PARAMETER_FEATURES.slice(0, NUM_MIXED).map((name, i) => [name, bias + OUTPUTS.mix + i])),
  ...Object.fromEntries(['guard', 'cooldown', 'decay'].map(name => [name, thetaEntry(name).offset])),
};

const offsets = process.argv.slice(2).map((argument): [number, number] => {
  const [name = '', amount] = argument.split('='), place = PLACES[name];
  if (place === undefined || !Number.isFinite(Number(amount ?? NaN))) throw new Error(`expected NAME=NUMBER with a name of ${Object.keys(PLACES).join(', ')}, got '${argument}'`);
  return [place, Number(amount)];
});
const file = `${folder}checkpoint.bin`, bytes = readFileSync(file), start = bytes.indexOf(10) + 1;
// Theta, moment, variance and average: see recipes/tensor-lstm.ts.
const [theta, , , average] = [0, 1, 2, 3].map(i => new Float32Array(bytes.buffer.slice(bytes.byteOffset + start + 4 * i * THETA_SIZE, bytes.byteOffset + start + 4 * (i + 1) * THETA_SIZE)));
for (const array of [theta!, average!]) for (const [place, amount] of offsets) array[place]! += amount;
bytes.set(new Uint8Array(theta!.buffer), start);
bytes.set(new Uint8Array(average!.buffer), start + 12 * THETA_SIZE);
writeFileSync(`${file}.tmp`, bytes);
renameSync(`${file}.tmp`, file);
writeFileSync(`${folder}theta.bin`, new Uint8Array(average!.buffer));

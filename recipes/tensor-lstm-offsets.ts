/**
 * Shifts single weights of the trained theta, by amounts that the suite `validation` has chosen, and takes the result for the
 * best theta. Evolution strategies perturb all 5,804 weights by the same sigma and hardly move these few, each of which scales
 * a whole output of the LSTM, or an exponent of the schedule.
 *
 *     npx tsx recipes/tensor-lstm-offsets.ts logStep=0.1 gradient=1.5 slowAdam=0.6 decay=1.5
 *     npx tsx scripts/embed-theta.ts && npm run evaluate:validation
 *
 * The offsets go into the checkpoint too, where training goes on from; it will not replace this theta.
 */
import {OUTPUTS, PARAMETER_FEATURES, NUM_MIXED, thetaEntry} from '../src/rules/tensor-lstm/spec.js';
import {readCheckpoint, saveBestTheta, saveCheckpoint} from './tensor-lstm-checkpoint.js';

const {offset: bias} = thetaEntry('outputBias');
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
const checkpoint = readCheckpoint();
if (checkpoint === undefined) throw new Error('expected a checkpoint in weights/tensor-lstm; train first: npx tsx recipes/tensor-lstm.ts');
for (const array of [checkpoint.state.theta, checkpoint.average]) for (const [place, amount] of offsets) array[place]! += amount;
saveCheckpoint({...checkpoint, best: 'by hand'});
saveBestTheta(checkpoint.average);

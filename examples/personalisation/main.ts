/**
 * The same small classifier, trained afresh for each of many users: an optimizer that was meta-trained on some users gets new users'
 * classifiers to Adam's best accuracy in a fraction of the steps.
 *
 *     npx tsx examples/personalisation/main.ts [--outer-steps 3000] [--workers 2] [--minutes 10] [--write] [--out my-optimizer.safetensors]
 *
 * Prints a table; with `--write` it also renews docs/results/personalisation.json and docs/images/personalisation.svg.
 */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import {writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {formatPercent} from '../../src/report/format.js';
import {textTable} from '../../src/report/table.js';
import {endAccuracy, endDifference, fewestSteps, meanCurve, stepRatio, TOLERANCE, type Tried} from './compare.js';
import {figure} from './figure.js';
import {HORIZON, metaTrain} from './meta-train.js';
import {measure, PLAN} from './measure.js';

const {values} = parseArgs({options: {
  'outer-steps': {type: 'string', default: '3000'}, 'workers': {type: 'string', default: '2'}, 'minutes': {type: 'string', default: '10'},
  'write': {type: 'boolean', default: false}, 'out': {type: 'string'},
}});
// TF.js would advertise its native backend.
tf.env().set('PROD', true);

const started = performance.now();
const result = await metaTrain({
  numOuterSteps: Number(values['outer-steps']), workers: Number(values.workers), signal: AbortSignal.timeout(60_000 * Number(values.minutes)),
  onProgress({outerStep, numOuterSteps, heldOut, innerStepsPerSecond, secondsLeft}) {
    const speed = `${innerStepsPerSecond.toFixed(0)} inner steps/s  ${secondsLeft.toFixed(0)} s left`;
    process.stderr.write(`\r${outerStep}/${numOuterSteps}  held-out ${heldOut.toFixed(3)}  ${speed}  `);
  },
});
const metaSeconds = (performance.now() - started) / 1000;
process.stderr.write(`\nmeta-trained in ${metaSeconds.toFixed(0)} s (${result.stopped}); best theta of outer step ${result.best.outerStep}\n`);
if (values.out !== undefined) await result.save(values.out);

const {tuning, fineTuning, lines} = measure(result.theta, text => process.stderr.write(`\r\u001b[2K${text}`));
process.stderr.write('\n');
const adam = lines.find(({id}) => id === 'adam')!;
const rows = lines.map(line => ({
  ...line, ratio: stepRatio(adam.curves, line.curves),
  strict: stepRatio(adam.curves, line.curves, 0), lenient: stepRatio(adam.curves, line.curves, 2 * TOLERANCE),
  end: endAccuracy(line.curves), endDifference: endDifference(adam.curves, line.curves),
}));
console.log(textTable({
  columns: [
    {title: 'Way to train', align: 'left'}, {title: 'Steps'}, {title: `Steps to ${(100 * rows[0]!.ratio.target).toFixed(1)} %`},
    {title: 'Times fewer (95 % interval)'}, {title: 'Accuracy % at the end'},
  ],
  rows: rows.map(({name, numSteps, ratio: {steps, ratio}, end}) => [
    name, String(numSteps), Number.isFinite(steps) ? String(steps) : 'never',
    `${ratio.mean.toFixed(1)} (${ratio.low.toFixed(1)} to ${ratio.high.toFixed(1)})`, formatPercent(end),
  ]),
}));

if (values.write) {
  const docs = fileURLToPath(new URL('../../docs/', import.meta.url)), {best, history, recipe, stopped, theta} = result;
  const search = <S>(tried: ReadonlyArray<Tried<S>>): object => ({
    chosen: fewestSteps(tried).setting, tried: tried.map(({setting, curves}) => ({setting, meanAccuracy: meanCurve(curves)})),
  });
  const json = {
    plan: {...PLAN, horizon: HORIZON, tolerance: TOLERANCE},
    metaTraining: {
      seconds: metaSeconds, workers: Number(values.workers), stopped, outerSteps: history.at(-1)!.outerStep, best, theta: theta.hash,
      recipe: JSON.parse(recipe) as unknown,
    },
    adamSearch: search(tuning), fineTuningSearch: search(fineTuning),
    lines: rows.map(({curves, ...row}) => ({...row, meanAccuracy: meanCurve(curves), endOfEachUser: curves.map(curve => curve.at(-1)!)})),
  };
  writeFileSync(`${docs}results/personalisation.json`, `${JSON.stringify(json, rounded, 1)}\n`);
  writeFileSync(`${docs}images/personalisation.svg`, figure(lines));
}

/** Five digits are enough; what is not finite becomes null. */
function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

import * as tf from '@tensorflow/tfjs-core';
import {expect} from 'chai';
import {timeOps, type TimeOps} from '../../src/kernel/ops-time.js';

/** Features and pace as numbers. */
function numbersOf({features, pace}: TimeOps): Record<string, number> {
  return Object.fromEntries(Object.entries<tf.Scalar | number>({...features, pace}).map(([name, value]) => [name, typeof value === 'number' ? value : value.dataSync()[0]!]));
}

describe('timeOps', () => {
  it('gives the same of a time that the device alone knows', () => {
    tf.tidy(() => {
      for (const [cooldown, decay] of [[1.25, 0.75], [-1, -2], [0, 3]] as const) {
        const exponents = {cooldown: tf.scalar(cooldown), decay: tf.scalar(decay)};
        for (const horizon of [0, 1, 40, 2000, 2001, 100_000]) {
          for (const time of [0, 1, 12, 24, 39, 40, 41, 1999, 2000, 2001, 50_000, 99_999, 100_000, 3_000_000]) {
            const known = numbersOf(timeOps({time, horizon}, exponents)), unknown = numbersOf(timeOps({time: tf.scalar(time), horizon}, exponents));
            expect(Object.keys(unknown)).to.have.members(Object.keys(known));
            for (const [name, value] of Object.entries(known)) expect(unknown[name], `${name} at ${time} of ${horizon}`).to.be.closeTo(value, 2e-5 * Math.max(1, Math.abs(value)));
          }
        }
      }
    });
  });
});

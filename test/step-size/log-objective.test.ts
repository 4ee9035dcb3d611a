import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';
import {logObjective, type ScaledLoss} from '../../src/step-size/log-objective.js';

const plain = (value: number, derivative = 0): ScaledLoss => ({value, derivative, logScale: 0});

describe('logObjective', () => {
  it('is (1/t)·log of the loss, with its derivative, for losses above the resolution', () => {
    for (const loss of [1e-20, 0.3, 1, 7, 1e200]) {
      const {objective, gradient} = logObjective(plain(loss, 3), 40);
      expect(objective).to.be.closeTo(Math.log(loss) / 40, 1e-14 * Math.abs(Math.log(loss)) + 1e-14);
      expect(gradient).to.be.closeTo(3 / (40 * loss), 1e-14 * 3 / (40 * loss));
    }
  });

  it('does not care how a loss is split into value and scale, and takes losses that no float can hold', () => {
    const split = logObjective({value: 0.25, derivative: -4, logScale: Math.log(8)}, 10);
    const whole = logObjective(plain(2, -32), 10);
    expect(split.objective).to.be.closeTo(whole.objective, 1e-14);
    expect(split.gradient).to.be.closeTo(whole.gradient, 1e-14);
    expect(logObjective({value: 1, derivative: 5, logScale: 1e5}, 10)).to.deep.equal({objective: 1e4, gradient: 0.5});
  });

  it('is defined, smooth and rising from below 0 through 0', () => {
    const resolution = 1e-3, h = 1e-7;
    let before = -Infinity;
    for (const loss of [-1e3, -1, -2e-3, -1e-3, -1e-5, 0, 1e-5, 1e-3, 2e-3, 1, 1e3]) {
      const {objective, gradient} = logObjective(plain(loss, 1), 5, resolution);
      const [up, down] = [1, -1].map(sign => logObjective(plain(loss + sign * h * Math.max(1, Math.abs(loss))), 5, resolution).objective) as [number, number];
      expect(objective, `at ${loss}`).to.be.greaterThan(before);
      expect((up - down) / (2 * h * Math.max(1, Math.abs(loss))) / gradient, `at ${loss}`).to.be.closeTo(1, 1e-5);
      before = objective;
    }
    expect(logObjective(plain(0, 0), 5, resolution)).to.deep.equal({objective: Math.log(resolution) / 5, gradient: 0});
    expect(logObjective({value: 0, derivative: 0, logScale: -Infinity}, 5).objective).to.equal(Math.log(1e-300) / 5);
  });

  it('never has a larger derivative than (1/t)·log of the size of the loss', () => {
    for (const loss of [-5, -1e-3, 1e-9, 1e-3, 5]) {
      expect(Math.abs(logObjective(plain(loss, 2), 3, 1e-3).gradient)).to.be.at.most(2 / (3 * Math.abs(loss)));
    }
  });

  it('rejects a number of steps or a resolution that means nothing', () => {
    for (const call of [() => logObjective(plain(1), 0), () => logObjective(plain(1), 1.5), () => logObjective(plain(1), 3, 0), () => logObjective(plain(1), 3, NaN)]) {
      expect(call).to.throw(L2OError).with.property('code', 'INVALID_ARGUMENT');
    }
  });
});

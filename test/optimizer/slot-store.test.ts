import {expect} from 'chai';
import {learnedOptimizer} from '../../src/index.js';
import {Bowl, minimize} from '../contract/bowl.js';
import {copyState} from '../contract/training.js';
import '@tensorflow/tfjs-layers';

describe('restored state', () => {
  it('that still waits for a frozen layer does not stand in the way of variables that are added', async () => {
    const bowl = new Bowl([[3], [4], [5]], 1, ['frozen/kernel', 'head/kernel', 'added/kernel']), [frozen, head, added] = bowl.variables;
    const before = learnedOptimizer(), after = learnedOptimizer();
    before.minimize(() => bowl.loss(0, [frozen!, head!]), false, [frozen!, head!]);
    await copyState(before, after);
    after.minimize(() => bowl.loss(1, [head!]), false, [head!]);
    after.minimize(() => bowl.loss(2, [head!, added!]), false, [head!, added!]);
    // A model of its own, as a GAN's second, is as new.
    const other = new Bowl([[2]], 2, ['other/kernel']);
    minimize(after, other, 0, 1);
    // And the frozen one finds its state.
    minimize(after, bowl, 3, 4);
    expect(after.iterations).to.equal(5);
    const weights = await after.getWeights();
    expect(weights.filter(w => w.name.endsWith('/parameter')).map(w => w.name.split('/')[4])).to.have.members(['frozen', 'head', 'added', 'other']);
    weights.forEach(w => w.tensor.dispose());
    [before, after].forEach(o => o.dispose());
    [bowl, other].forEach(b => b.dispose());
  });
});

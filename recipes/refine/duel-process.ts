/** Judges thetas on every so many of the duels, for the process that has forked this one. */
import {Random} from '../../src/random.js';
import {RolloutEngine} from '../../src/rollout/engine.js';
import {Duel, type DuelResult} from './duels.js';

/** The first message: which duels are this process's. The answer is 'ready'. */
export interface DuelSetup {
  readonly seed: number;
  readonly indices: readonly number[];
}

/** Each message after that; the answer is a list of results. */
export interface DuelRequest {
  readonly theta: Float32Array;
  /** First index, and the one after the last. */
  readonly range: readonly [number, number];
}

export type DuelAnswer = 'ready' | readonly DuelResult[];

const answer = (message: DuelAnswer): void => void process.send!(message);
let duels: readonly Duel[] = [];
process.on('message', (message: DuelSetup | DuelRequest) => {
  if ('indices' in message) {
    const engine = RolloutEngine.create(), root = new Random(message.seed);
    duels = message.indices.map(index => new Duel(engine, index, root));
    answer('ready');
    return;
  }
  const {theta, range: [from, to]} = message;
  answer(duels.filter(({index}) => index >= from && index < to).map(duel => duel.judge(theta)));
});

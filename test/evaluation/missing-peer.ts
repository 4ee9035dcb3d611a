import type {Peer} from '../../src/evaluation/peer.js';

/** A peer whose weights are not there. */
const peer: Peer = {
  name: 'celo', version: '1', missing: 'its weights are not at hand.',
  createStepper: () => {
    throw new Error('a peer that is missing was started');
  },
};
export default peer;

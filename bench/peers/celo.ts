/**
 * Celo's published weights as a peer of the evaluation: `tfjs-l2o evaluate … --peer bench/peers/celo.ts`. The weights are looked
 * for beside the repository or where the environment variable `TFJS_L2O_CELO` says, and are never part of this package.
 */
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Peer} from '../../src/evaluation/peer.js';
import {CeloStepper} from './celo/stepper.js';
import {CELO_MISSING, celoFolder, loadCeloTheta, type CeloTheta} from './celo/theta.js';

/** Raised whenever the rule's code computes something else. */
const CODE_VERSION = 2;

const folder = celoFolder();
let theta: CeloTheta | undefined;

const celo: Peer = {
  name: 'celo',
  version: `${CODE_VERSION}-${folder === undefined ? 'missing' : createHash('sha256').update(readFileSync(join(folder, 'theta.npz'))).digest('hex').slice(0, 12)}`,
  missing: folder === undefined ? CELO_MISSING : undefined,
  createStepper: (variables, {horizon}) => new CeloStepper(variables, (theta ??= loadCeloTheta(folder)), horizon),
};
export default celo;

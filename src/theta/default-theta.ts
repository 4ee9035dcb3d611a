import {decodeBase64} from '../base64.js';
import {decodeTheta, type Theta} from './theta-file.js';
import {THETA_BASE64} from './default-theta-data.js';

let loaded: Theta | undefined;

/** The theta that ships with the package; its model card is `weights/tensor-lstm/MODEL_CARD.md`. */
export function defaultTheta(): Theta {
  loaded ??= decodeTheta(decodeBase64(THETA_BASE64)).theta;
  return loaded;
}

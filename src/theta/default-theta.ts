import {decodeBase64} from '../base64.js';
import {decodeTheta, type Theta, type ThetaFile} from './theta-file.js';
import {THETA_BASE64} from './default-theta-data.js';

let loaded: ThetaFile | undefined;

/** The file of the theta that ships with the package: with its recipe. */
export function savedDefaultTheta(): ThetaFile {
  loaded ??= decodeTheta(decodeBase64(THETA_BASE64));
  return loaded;
}

/** The theta that ships with the package; its model card is `weights/tensor-lstm/MODEL_CARD.md`. */
export function defaultTheta(): Theta {
  return savedDefaultTheta().theta;
}

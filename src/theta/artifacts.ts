import type {io} from '@tensorflow/tfjs-core';
import {ruleInfo, type RuleName} from '../rules/registry.js';
import {collect} from './byte-source.js';
import {checkRule, describeTheta, readTheta, type Theta, type ThetaFile} from './theta-file.js';
import {checkLayout, corrupt, isRecord, parseJson, readMetadata, sameNumbers, shown, THETA_FORMAT, thetaBytes, type ThetaMetadata} from './theta-format.js';

type Artifacts = Readonly<Record<string, unknown>>;

/** A theta as TF.js's handlers take it: weight arrays in the rule's layout, the rest as metadata. */
export function thetaToArtifacts(theta: Theta, metadata: ThetaMetadata): io.ModelArtifacts & {weightData: ArrayBuffer} {
  return {
    // Handlers refuse to load what has none; and loadLayersModel, should it meet a theta, says this name.
    modelTopology: {class_name: THETA_FORMAT, config: {}},
    format: THETA_FORMAT,
    generatedBy: 'tfjs-l2o',
    convertedBy: null,
    weightSpecs: ruleInfo(theta.rule).layout.map(({name, shape}) => ({name, shape: [...shape], dtype: 'float32' as const})),
    weightData: theta.values.slice().buffer,
    userDefinedMetadata: {...describeTheta(theta, metadata)},
  };
}

/** Checks all but the weights' values. @throws L2OError `CORRUPT_FILE` or `INVALID_THETA`. */
function checkDescription({userDefinedMetadata, weightSpecs}: Artifacts): {metadata: ThetaMetadata; rule: RuleName} {
  const metadata = readMetadata(userDefinedMetadata), rule = checkRule(metadata.rule, Number(metadata.ruleVersion)), {layout} = ruleInfo(rule);
  if (!Array.isArray(weightSpecs) || !weightSpecs.every(isRecord)) return corrupt('a list of weight arrays');
  const names = weightSpecs.map(spec => (typeof spec.name === 'string' ? spec.name : '?'));
  checkLayout(layout, names, entry => {
    const spec = weightSpecs[layout.indexOf(entry)];
    return spec?.name === entry.name && spec.dtype === 'float32' && spec.quantization === undefined && sameNumbers(spec.shape, entry.shape);
  });
  return {metadata, rule};
}

/**
 * The theta in what a handler loaded, which may be anything. Nothing is copied before all sizes are right.
 * @throws L2OError `CORRUPT_FILE` or `INVALID_THETA`.
 */
export async function artifactsToTheta(artifacts: unknown): Promise<ThetaFile> {
  if (!isRecord(artifacts)) return corrupt('model artifacts');
  const {metadata, rule} = checkDescription(artifacts);
  return {theta: readTheta(rule, metadata, await weightParts(artifacts, thetaBytes(rule))), metadata};
}

async function weightParts({weightData, getWeightStream}: Artifacts, limit: number): Promise<Uint8Array[]> {
  if (weightData === undefined && typeof getWeightStream === 'function') {
    return [await collect((getWeightStream as () => ReadableStream<ArrayBuffer>)(), limit)];
  }
  return (Array.isArray(weightData) ? weightData : [weightData]).map((part: unknown) => {
    if (part instanceof ArrayBuffer) return new Uint8Array(part);
    if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    return corrupt('weights as an ArrayBuffer');
  });
}

/** Bytes of the `model.json` of artifacts whose weights stand beside it in the file `weightsName`. */
export function encodeModelJson({weightSpecs, ...rest}: Omit<io.ModelArtifacts, 'weightData'>, weightsName: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({...rest, weightsManifest: [{paths: [weightsName], weights: weightSpecs}]}));
}

/** Reads a `model.json`. Metadata, rule and layout are checked before the weights are asked for. */
export async function decodeModelJson(bytes: Uint8Array, readWeights: (name: string, limit: number) => Promise<Uint8Array>): Promise<ThetaFile> {
  const json = parseJson(bytes, 'a safetensors file or a model.json');
  const {file, weights} = readManifest(json), {metadata, rule} = checkDescription({...json, weightSpecs: weights});
  return {theta: readTheta(rule, metadata, [await readWeights(file, thetaBytes(rule))]), metadata};
}

/**
 * What a `model.json` says of its weights: the name of the one file that they are in, and what that holds, unchecked.
 * @throws L2OError `CORRUPT_FILE`, also for a name that could mean a file elsewhere.
 */
export function readManifest({weightsManifest}: Artifacts): {file: string; weights: unknown} {
  const group: unknown = Array.isArray(weightsManifest) && weightsManifest.length === 1 ? weightsManifest[0] : undefined;
  const paths = isRecord(group) && Array.isArray(group.paths) ? group.paths as unknown[] : [];
  if (!isRecord(group) || paths.length !== 1 || typeof paths[0] !== 'string') return corrupt('a weightsManifest with one file');
  const file = paths[0].replace(/^\.\//, '');
  // No separators, drives or control characters, and only what encodeURIComponent takes.
  if (file === '.' || file === '..' || !/^[^/\\:\p{Cc}\p{Cs}]+$/u.test(file)) corrupt(`weights in the folder of the model.json, got '${shown(file)}'`);
  return {file, weights: group.weights};
}

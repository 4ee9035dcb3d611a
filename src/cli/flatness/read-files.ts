import {readFileSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {io, tensor, type Tensor} from '@tensorflow/tfjs-core';
import {loadLayersModel, type LayersModel, type ModelCompileArgs} from '@tensorflow/tfjs-layers';
import {L2OError} from '../../errors.js';
import {isRecord} from '../../theta/theta-format.js';

type Loss = ModelCompileArgs['loss'];

/** A saved model as its files hold it. */
export interface ModelFiles {
  readonly artifacts: io.ModelArtifacts;
  /** Undefined: it was saved without its optimizer, and so without its loss. */
  readonly loss: Loss | undefined;
}

/** Inputs or targets as the file has them. */
interface NumberArray {
  readonly shape: number[];
  readonly values: number[];
  readonly dtype: 'float32' | 'int32';
}

/** Inputs and targets, not yet tensors. */
export interface DataFile {
  readonly x: readonly NumberArray[];
  readonly y: readonly NumberArray[];
}

/**
 * Reads a folder as `model.save('file://…')` writes it: `model.json` and the weight files beside it.
 *
 * @param path The folder, or its model.json.
 * @throws L2OError 'INVALID_ARGUMENT', 'CORRUPT_FILE'.
 */
export function readModelFiles(path: string): ModelFiles {
  const file = statSync(path, {throwIfNoEntry: false})?.isDirectory() === true ? join(path, 'model.json') : path;
  const json = readJson(file, 'a saved Layers model');
  const {modelTopology, weightsManifest, trainingConfig} = json;
  if (!isRecord(modelTopology) || !Array.isArray(weightsManifest) || !weightsManifest.every(isManifestGroup)) {
    throw new L2OError('CORRUPT_FILE', `'${file}': expected a Layers model with modelTopology and weightsManifest, got other entries. Save it with model.save(); graph models cannot be measured.`);
  }
  const parts = weightsManifest.flatMap(({paths}) => paths.map(name => readBytes(join(dirname(file), name))));
  const weightData = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    weightData.set(part, at);
    at += part.length;
  }
  const loss = isRecord(trainingConfig) ? readLoss(trainingConfig.loss) : undefined;
  return {artifacts: {modelTopology, weightSpecs: weightsManifest.flatMap(({weights}) => weights), weightData: weightData.buffer}, loss};
}

/** The model, compiled with its own loss or with another. @throws L2OError 'INVALID_ARGUMENT' where it has none or cannot be made. */
export async function openModel({artifacts, loss}: ModelFiles, path: string, wanted: string | undefined): Promise<LayersModel> {
  const used = wanted ?? loss;
  if (used === undefined) throw new L2OError('INVALID_ARGUMENT', `'${path}' was saved without its loss. Name it with --loss, as in model.compile, or save with includeOptimizer: true.`);
  try {
    const model = await loadLayersModel(io.fromMemory(artifacts));
    model.compile({optimizer: 'sgd', loss: used});
    return model;
  } catch (cause) {
    throw new L2OError('INVALID_ARGUMENT', `'${path}' cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {cause});
  }
}

/**
 * Reads inputs and targets: `{"x": …, "y": …}`, each a nested list of numbers, `{"shape": […], "values": […]}` with an optional
 * `"dtype": "int32"`, or a list of such objects for models with several inputs or outputs.
 *
 * @throws L2OError 'INVALID_ARGUMENT', 'CORRUPT_FILE'.
 */
export function readData(path: string): DataFile {
  const {x, y} = readJson(path, 'a file of inputs and targets'), list = (name: string, value: unknown): readonly NumberArray[] =>
    (Array.isArray(value) && value.every(isRecord) && value.length > 0 ? value : [value]).map(entry => readArray(path, name, entry));
  return {x: list('x', x), y: list('y', y)};
}

/** As tensors, which are the caller's. */
export function toTensors(arrays: readonly NumberArray[]): Tensor[] {
  return arrays.map(({shape, values, dtype}) => tensor(values, shape, dtype));
}

function readArray(path: string, name: string, entry: unknown): NumberArray {
  const bad = (got: string): L2OError => new L2OError('CORRUPT_FILE', `'${path}': expected ${name} to be a nested list of numbers, or {"shape": […], "values": […]}, got ${got}.`);
  if (isRecord(entry)) {
    const {shape, values, dtype = 'float32'} = entry;
    if (!isNumbers(shape) || !isNumbers(values)) throw bad('other entries');
    if (dtype !== 'float32' && dtype !== 'int32') throw bad(`the dtype ${JSON.stringify(dtype)}`);
    const size = shape.reduce((product, n) => product * n, 1);
    if (size !== values.length) throw bad(`${values.length} values for the shape [${shape.join(', ')}]`);
    return {shape, values, dtype};
  }
  const shape: number[] = [];
  for (let level = entry; Array.isArray(level); level = level[0] as unknown) shape.push(level.length);
  if (!Array.isArray(entry)) throw bad(entry === undefined ? 'nothing' : typeof entry);
  const flat: unknown[] = entry.flat(Infinity);
  if (!isNumbers(flat) || !isEven(entry, shape)) throw bad('lists of different lengths, or entries that are no numbers');
  return {shape, values: flat, dtype: 'float32'};
}

/** Whether all lists at one depth are as long. */
function isEven(entry: unknown, [length, ...rest]: readonly number[]): boolean {
  return length === undefined ? !Array.isArray(entry) : Array.isArray(entry) && entry.length === length && entry.every(part => isEven(part, rest));
}

/** Keras spells names in snake case. */
function readLoss(loss: unknown): Loss | undefined {
  const camel = (name: string): string => name.replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (typeof loss === 'string') return camel(loss);
  if (Array.isArray(loss) && loss.every(name => typeof name === 'string')) return loss.map(camel);
  if (!isRecord(loss) || Object.keys(loss).length === 0) return undefined;
  return Object.fromEntries(Object.entries(loss).flatMap(([output, name]) => (typeof name === 'string' ? [[output, camel(name)]] : [])));
}

function isManifestGroup(group: unknown): group is {paths: string[]; weights: io.WeightsManifestEntry[]} {
  return isRecord(group) && Array.isArray(group.paths) && group.paths.every(path => typeof path === 'string') && Array.isArray(group.weights);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(entry => typeof entry === 'number');
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new L2OError('INVALID_ARGUMENT', `'${path}' cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {cause});
  }
}

function readJson(path: string, what: string): Readonly<Record<string, unknown>> {
  const text = new TextDecoder().decode(readBytes(path));
  try {
    const json: unknown = JSON.parse(text);
    if (isRecord(json)) return json;
  } catch (cause) {
    throw new L2OError('CORRUPT_FILE', `'${path}': expected ${what} in JSON, got ${cause instanceof Error ? cause.message : String(cause)}`, {cause});
  }
  throw new L2OError('CORRUPT_FILE', `'${path}': expected ${what}, a JSON object, got another value.`);
}

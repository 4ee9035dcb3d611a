import type {Random} from '../../../random.js';
import type {LabelledData} from '../../digits.js';
import {drawInteger, type NumberRange, type OneOrMore, type OptionCheck} from './option-check.js';
import type {DataSplits, TargetData} from './supervised-task.js';

/** Where data come from: the name of a seeded generator, or data that are there, such as `loadDigits()`. */
export type DataSource<G extends string, D> = G | DataSplits<D>;

/** @throws L2OError 'INVALID_ARGUMENT' naming `data`, where a source is neither a known generator nor whole data. */
export function checkSources<G extends string, D extends LabelledData | TargetData>(
  check: OptionCheck, sources: OneOrMore<DataSource<G, D>>, generators: readonly G[], values: 'labels' | 'targets',
): void {
  const list = listOf(sources);
  const expected = `one of ${generators.join(', ')}, data {train, validation}, or a list of them`;
  if (list.length === 0) check.reject('data', expected, list, 'Each task draws one of a list.');
  for (const source of list as readonly unknown[]) {
    if (typeof source === 'string' && (generators as readonly string[]).includes(source)) continue;
    const parts = typeof source === 'object' && source !== null ? source as Partial<Record<keyof DataSplits<D>, unknown>> : {};
    if (!isData(parts.train, values) || !isData(parts.validation, values) || sizes(parts.train) !== sizes(parts.validation)) {
      check.reject('data', expected, source, `Both parts have features, ${values} and their sizes, as loadDigits() gives them.`);
    }
  }
}

/** One of the sources. */
export function drawSource<G extends string, D>(random: Random, sources: OneOrMore<DataSource<G, D>>): DataSource<G, D> {
  return random.pick(listOf(sources));
}

/** A random part of the training examples; all of the validation examples. */
export function takeExamples(random: Random, data: DataSplits<LabelledData>, numExamples: NumberRange | undefined): DataSplits<LabelledData> {
  if (numExamples === undefined) return data;
  const {train, validation} = data, {numFeatures} = train;
  const count = Math.min(train.numExamples, drawInteger(random, numExamples));
  const rows = random.permutation(train.numExamples).subarray(0, count), features = new Float32Array(count * numFeatures);
  rows.forEach((row, i) => features.set(train.features.subarray(row * numFeatures, (row + 1) * numFeatures), i * numFeatures));
  return {train: {...train, features, labels: Int32Array.from(rows, row => train.labels[row]!), numExamples: count}, validation};
}

function listOf<T extends string | object>(items: OneOrMore<T>): readonly T[] {
  return Array.isArray(items) ? items as readonly T[] : [items as T];
}

type Part = Readonly<Record<string, unknown>>;

function isData(part: unknown, values: 'labels' | 'targets'): part is Part {
  if (typeof part !== 'object' || part === null) return false;
  const {features, numExamples, numFeatures, labels, targets, numClasses, numOutputs} = part as Part;
  if (!isCount(numExamples) || !isCount(numFeatures) || !(features instanceof Float32Array) || features.length !== numExamples * numFeatures) return false;
  if (values === 'targets') return isCount(numOutputs) && targets instanceof Float32Array && targets.length === numExamples * numOutputs;
  return isCount(numClasses) && labels instanceof Int32Array && labels.length === numExamples && labels.every(label => label >= 0 && label < numClasses);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function sizes({numFeatures, numClasses, numOutputs}: Part): string {
  return `${String(numFeatures)} ${String(numClasses)} ${String(numOutputs)}`;
}

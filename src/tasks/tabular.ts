import {inflateRawSync} from 'node:zlib';
import {Random} from '../random.js';
import type {LabelledData} from './digits.js';
import type {DataSplits, TargetData} from './families/shared/supervised-task.js';
import {BREAST_CANCER, DIABETES, IRIS, WINE, type PackedTable} from './tabular-data.js';

/** Share of the rows that is for training; the rest is for validation. */
const TRAINING_SHARE = 0.7;
/** The split is the same for every caller. */
const SPLIT_SEED = 20230;

/** 178 Italian wines of 3 classes by 13 measurements. Split 125 to 53, features standardised as in {@link loadDiabetes}. Node only. */
export function loadWine(): DataSplits<LabelledData> {
  return loadLabelled(WINE);
}

/** 569 tumours, malignant (0) or benign (1), by 30 measurements. Split 398 to 171, features standardised as in {@link loadDiabetes}. Node only. */
export function loadBreastCancer(): DataSplits<LabelledData> {
  return loadLabelled(BREAST_CANCER);
}

/** 150 irises of 3 species by 4 measurements. Split 105 to 45, features standardised as in {@link loadDiabetes}. Node only. */
export function loadIris(): DataSplits<LabelledData> {
  return loadLabelled(IRIS);
}

/**
 * 442 patients with diabetes: its progression in a year by 10 measurements. Split once and for all into 309 for training and 133
 * for validation. Features and targets are standardised: mean 0 and deviation 1 over the training examples. Node only.
 */
export function loadDiabetes(): DataSplits<TargetData> {
  const splits = loadSplits(DIABETES, true);
  return mapSplits(splits, ({features, answers, numExamples, numFeatures}) => ({features, targets: answers, numExamples, numFeatures, numOutputs: 1}));
}

interface Examples {
  readonly features: Float32Array;
  /** The last column. */
  readonly answers: Float32Array;
  readonly numExamples: number;
  readonly numFeatures: number;
}

function loadLabelled(table: PackedTable): DataSplits<LabelledData> {
  const splits = loadSplits(table, false), numClasses = Math.max(...splits.train.answers) + 1;
  return mapSplits(splits, ({features, answers, numExamples, numFeatures}) => ({features, labels: Int32Array.from(answers), numExamples, numFeatures, numClasses}));
}

function mapSplits<A, B>({train, validation}: DataSplits<A>, f: (part: A) => B): DataSplits<B> {
  return {train: f(train), validation: f(validation)};
}

function loadSplits(table: PackedTable, standardiseAnswers: boolean): DataSplits<Examples> {
  const {numRows, decimals} = table, numFeatures = decimals.length - 1, numTrain = Math.round(TRAINING_SHARE * numRows);
  const order = new Random(SPLIT_SEED).permutation(numRows), train = order.subarray(0, numTrain);
  const columns = unpack(table).map((column, c) => (c < numFeatures || standardiseAnswers ? standardised(column, train) : column));
  const take = (rows: Int32Array): Examples => ({
    features: Float32Array.from({length: rows.length * numFeatures}, (_, i) => columns[i % numFeatures]![rows[Math.floor(i / numFeatures)]!]!),
    answers: Float32Array.from(rows, row => columns[numFeatures]![row]!),
    numExamples: rows.length, numFeatures,
  });
  return {train: take(train), validation: take(order.subarray(numTrain))};
}

/** Columns of a table. */
function unpack({numRows, decimals, deflated}: PackedTable): Float64Array[] {
  const bytes = inflateRawSync(Buffer.from(deflated, 'base64')), plane = numRows * decimals.length;
  return decimals.map((places, column) => Float64Array.from({length: numRows}, (_, row) => {
    const at = column * numRows + row;
    return (bytes[at]! + 256 * bytes[plane + at]! + 65536 * bytes[2 * plane + at]!) / 10 ** places;
  }));
}

/** A column with mean 0 and deviation 1 over the given rows. */
function standardised(column: Float64Array, rows: Int32Array): Float64Array {
  const values = Array.from(rows, row => column[row]!), mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return column.map(x => (x - mean) / deviation);
}

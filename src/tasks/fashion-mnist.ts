import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {L2OError} from '../errors.js';
import {Random} from '../random.js';
import type {LabelledData} from './digits.js';

/** Where Debian's package `dataset-fashion-mnist` puts its files. */
const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const NUM_CLASSES = 10;
/** The sample is the same for every caller, so that no recipe ever sees a test image. */
const SPLIT_SEED = 20230;

/** What {@link loadFashionMnist} takes. */
export interface FashionMnistOptions {
  /** Folder of the four `…-ubyte.gz` files; default that of Debian's package. */
  readonly folder?: string;
  /** Images of each part: train and validation from the official training images, test from the official test images. */
  readonly sizes?: {readonly train: number; readonly validation: number; readonly test: number};
}

/**
 * A fixed sample of Fashion-MNIST (28×28 images of clothes, pixels scaled to 0…1) from the files of Debian's package
 * `dataset-fashion-mnist`. Node only.
 *
 * @throws L2OError 'DATA_MISSING' where the files are not there, 'CORRUPT_FILE' where they are damaged.
 * @see H. Xiao, K. Rasul, R. Vollgraf, 2017, arXiv:1708.07747.
 */
export function loadFashionMnist({
  folder = DEBIAN_FOLDER,
  sizes = {train: 6000, validation: 2000, test: 2000},
}: FashionMnistOptions = {}): {train: LabelledData; validation: LabelledData; test: LabelledData} {
  const official = readPart(folder, 'train'), officialTest = readPart(folder, 't10k');
  const order = new Random(SPLIT_SEED).fork('train').permutation(official.count);
  const testOrder = new Random(SPLIT_SEED).fork('test').permutation(officialTest.count);
  if (sizes.train + sizes.validation > official.count || sizes.test > officialTest.count) {
    throw new L2OError('INVALID_ARGUMENT', `Fashion-MNIST: sizes must fit into ${official.count} images for train and ` +
      `validation together and ${officialTest.count} for test, got ${sizes.train}, ${sizes.validation} and ${sizes.test}.`);
  }
  return {
    train: takeRows(official, order.subarray(0, sizes.train)),
    validation: takeRows(official, order.subarray(sizes.train, sizes.train + sizes.validation)),
    test: takeRows(officialTest, testOrder.subarray(0, sizes.test)),
  };
}

/** An array in the IDX format of MNIST. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, type 8, the rank, each size as a big-endian 32-bit integer, then
 * the values.
 *
 * @param name Of the file, for the message.
 * @throws L2OError 'CORRUPT_FILE'.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0, headerSize = 4 + 4 * rank;
  if (bytes.length < headerSize || view.getUint16(0) !== 0 || bytes[2] !== 8) {
    throw corrupt(name, 'it does not start as an IDX file of bytes does');
  }
  const shape = Array.from({length: rank}, (_, i) => view.getUint32(4 + 4 * i));
  const expected = shape.reduce((product, size) => product * size, 1);
  if (bytes.length - headerSize !== expected) {
    throw corrupt(name, `its header promises ${expected} values, but ${bytes.length - headerSize} follow`);
  }
  return {shape, values: bytes.subarray(headerSize)};
}

interface OfficialPart {
  readonly count: number;
  readonly numPixels: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

function readPart(folder: string, prefix: string): OfficialPart {
  const imagesName = `${prefix}-images-idx3-ubyte.gz`, labelsName = `${prefix}-labels-idx1-ubyte.gz`;
  const images = parseIdx(readGzip(folder, imagesName), imagesName);
  const labels = parseIdx(readGzip(folder, labelsName), labelsName);
  const [count, height, width] = images.shape;
  if (count === undefined || height === undefined || width === undefined || images.shape.length !== 3) {
    throw corrupt(imagesName, `it has ${images.shape.length} dimensions, not 3`);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw corrupt(labelsName, `it has the shape [${labels.shape.join(', ')}], not one label for each of ${count} images`);
  }
  if (labels.values.some((label) => label >= NUM_CLASSES)) throw corrupt(labelsName, 'it has a label above 9');
  return {count, numPixels: height * width, pixels: images.values, labels: labels.values};
}

function readGzip(folder: string, name: string): Uint8Array {
  const path = join(folder, name);
  let packed: Uint8Array;
  try {
    packed = readFileSync(path);
  } catch (cause) {
    throw new L2OError('DATA_MISSING', `Fashion-MNIST: expected the file ${path}, which cannot be read. ` +
      'On Debian and Ubuntu: apt-get install dataset-fashion-mnist', {cause});
  }
  try {
    return gunzipSync(packed);
  } catch (cause) {
    throw corrupt(name, 'it is no whole gzip file', cause);
  }
}

function corrupt(name: string, reason: string, cause?: unknown): L2OError {
  return new L2OError('CORRUPT_FILE', `Fashion-MNIST: ${name} is damaged: ${reason}. ` +
    'Reinstall it: apt-get install --reinstall dataset-fashion-mnist', {cause});
}

function takeRows({numPixels, pixels, labels}: OfficialPart, rows: Int32Array): LabelledData {
  const features = new Float32Array(rows.length * numPixels); // [rows, pixels]
  rows.forEach((row, i) => {
    for (let k = 0; k < numPixels; k++) features[i * numPixels + k] = pixels[row * numPixels + k]! / 255;
  });
  return {
    features,
    labels: Int32Array.from(rows, (row) => labels[row]!),
    numExamples: rows.length,
    numFeatures: numPixels,
    numClasses: NUM_CLASSES,
  };
}

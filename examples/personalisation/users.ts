/**
 * Users who write digits by hand, each in a way of their own: real images, turned, slanted, thickened or thinned as that user
 * writes, and labelled in an order that only that user knows. In a project of yours, import from 'tfjs-l2o'.
 */
import type {Random} from '../../src/index.js';
import {loadDigits, type LabelledData} from '../../src/tasks/digits.js';

const SIDE = 8, NUM_CLASSES = 10, CENTER = (SIDE - 1) / 2;

/** What is a user's own. */
export interface Hand {
  /** Radians, within ±40°. */
  readonly rotation: number;
  /** Pixels to the side per pixel up, −0.5 to 0.5. */
  readonly slant: number;
  /** −0.6 (thin) to 0.6 (bold): how far each pixel goes towards the darkest, or lightest, of its neighbours. */
  readonly stroke: number;
  /** The user's label of each digit. */
  readonly labels: Int32Array;
}

/** A user's images: a few to train on, and others to judge by. */
export interface User {
  readonly hand: Hand;
  readonly train: LabelledData;
  readonly test: LabelledData;
}

/** Images that each user's classifier is trained on. */
export const NUM_TRAIN = 50;
/** Whose images users take: no image of one group is ever seen by the other. */
export type Group = 'meta-training' | 'unseen';
const {train, validation, test} = loadDigits();
const IMAGES: Readonly<Record<Group, LabelledData>> = {'meta-training': train, 'unseen': joined(validation, test)};

/** Draws a user of a group. @param numTest Images to judge by. Default: all that the user does not train on. */
export function drawUser(random: Random, group: Group, numTest?: number): User {
  const hand: Hand = {
    rotation: random.uniform(-1, 1) * (40 * Math.PI / 180), slant: random.uniform(-0.5, 0.5), stroke: random.uniform(-0.6, 0.6),
    labels: random.permutation(NUM_CLASSES),
  };
  const images = IMAGES[group], order = random.permutation(images.numExamples), end = numTest === undefined ? order.length : NUM_TRAIN + numTest;
  return {hand, train: written(images, order.subarray(0, NUM_TRAIN), hand), test: written(images, order.subarray(NUM_TRAIN, end), hand)};
}

/** These images as the user would write and label them. */
function written(images: LabelledData, rows: Int32Array, hand: Hand): LabelledData {
  const features = new Float32Array(rows.length * SIDE * SIDE);
  rows.forEach((row, i) => features.set(rewrite(images.features.subarray(row * SIDE * SIDE, (row + 1) * SIDE * SIDE), hand), i * SIDE * SIDE));
  return {...images, features, labels: Int32Array.from(rows, row => hand.labels[images.labels[row]!]!), numExamples: rows.length};
}

/** One 8×8 image in a user's hand. */
export function rewrite(image: Float32Array, {rotation, slant, stroke}: Omit<Hand, 'labels'>): Float32Array {
  const heavy = thickened(image, stroke), cos = Math.cos(rotation), sin = Math.sin(rotation), out = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      // Where this pixel comes from: the inverse of a slant followed by a rotation, about the image's centre.
      const u = cos * (x - CENTER) + sin * (y - CENTER), v = cos * (y - CENTER) - sin * (x - CENTER);
      out[y * SIDE + x] = bilinear(heavy, CENTER + u + slant * v, CENTER + v);
    }
  }
  return out;
}

/** Each pixel moved towards the largest (`stroke` > 0) or the smallest of itself and its eight neighbours. */
function thickened(image: Float32Array, stroke: number): Float32Array {
  const extreme = stroke > 0 ? Math.max : Math.min, share = Math.abs(stroke);
  return image.map((value, i) => {
    const x = i % SIDE, y = Math.floor(i / SIDE);
    let found = value;
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) found = extreme(found, pixel(image, x + dx, y + dy));
    return value + share * (found - value);
  });
}

/** The image's value between pixels; outside it is 0. */
function bilinear(image: Float32Array, x: number, y: number): number {
  const left = Math.floor(x), top = Math.floor(y), right = x - left, below = y - top;
  return (1 - below) * ((1 - right) * pixel(image, left, top) + right * pixel(image, left + 1, top))
    + below * ((1 - right) * pixel(image, left, top + 1) + right * pixel(image, left + 1, top + 1));
}

function pixel(image: Float32Array, x: number, y: number): number {
  return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? image[y * SIDE + x]! : 0;
}

function joined(a: LabelledData, b: LabelledData): LabelledData {
  const features = new Float32Array(a.features.length + b.features.length), labels = new Int32Array(a.numExamples + b.numExamples);
  features.set(a.features);
  features.set(b.features, a.features.length);
  labels.set(a.labels);
  labels.set(b.labels, a.numExamples);
  return {...a, features, labels, numExamples: a.numExamples + b.numExamples};
}

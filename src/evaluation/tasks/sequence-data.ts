import type {Random} from '../../random.js';
import type {LabelledData} from '../../tasks/digits.js';
import type {DataSplits, TargetData} from '../../tasks/families/shared/supervised-task.js';

/** Examples of each split. */
const NUM_EXAMPLES = 1000;

/**
 * The adding problem: of each sequence of uniform numbers two are marked, one in each half; the target is their sum. Two features a
 * step: number and mark. Always predicting 1 gives a squared error of 1/6.
 *
 * @see S. Hochreiter, J. Schmidhuber 1997, "Long short-term memory".
 */
export function sampleAdding(random: Random, numSteps: number): DataSplits<TargetData> {
  return bothSplits(() => {
    const numFeatures = 2 * numSteps, features = new Float32Array(NUM_EXAMPLES * numFeatures), half = Math.floor(numSteps / 2);
    const targets = Float32Array.from({length: NUM_EXAMPLES}, (_, i) => {
      for (let t = 0; t < numSteps; t++) features[i * numFeatures + 2 * t] = random.uniform();
      return [random.integer(half), half + random.integer(numSteps - half)].reduce((sum, t) => {
        features[i * numFeatures + 2 * t + 1] = 1;
        return sum + features[i * numFeatures + 2 * t]!;
      }, 0);
    });
    return {features, targets, numExamples: NUM_EXAMPLES, numFeatures, numOutputs: 1};
  });
}

/** Parity: sequences of signs ±1; the class is whether an odd number of them is negative. */
export function sampleParity(random: Random, numSteps: number): DataSplits<LabelledData> {
  return bothSplits(() => {
    const features = Float32Array.from({length: NUM_EXAMPLES * numSteps}, () => (random.chance(0.5) ? 1 : -1));
    const labels = Int32Array.from({length: NUM_EXAMPLES}, (_, i) =>
      features.subarray(i * numSteps, (i + 1) * numSteps).filter(x => x < 0).length % 2);
    return {features, labels, numExamples: NUM_EXAMPLES, numFeatures: numSteps, numClasses: 2};
  });
}

/** Words of the text: a symbol is a letter of it, or the space behind a word. */
const NOUNS = ['cat', 'dog', 'bird', 'tree', 'stone', 'river'], VERBS = ['sees', 'likes', 'meets', 'hides'], ADJECTIVES = ['old', 'red', 'tiny'];
const ALPHABET = [...new Set(Array.from([...NOUNS, ...VERBS, ...ADJECTIVES, 'the', 'a', 'and'].join(' .')))];

/** Symbols of {@link sampleText}. */
export const NUM_SYMBOLS = ALPHABET.length;

/** Text of a small grammar: the class is the letter that follows a window of letters, each of them one-hot. */
export function sampleText(random: Random, windowSize: number): DataSplits<LabelledData> {
  const phrase = (): string => {
    const noun = [...(random.chance(0.4) ? [random.pick(ADJECTIVES)] : []), random.pick(NOUNS)].join(' ');
    return `${random.pick(['the', 'a'])} ${noun}${random.chance(0.15) ? ` and ${phrase()}` : ''}`;
  };
  return bothSplits(() => {
    let text = '';
    while (text.length < NUM_EXAMPLES + windowSize) text += `${phrase()} ${random.pick(VERBS)} ${phrase()}. `;
    const symbols = Array.from(text, letter => ALPHABET.indexOf(letter)), numFeatures = windowSize * NUM_SYMBOLS;
    const features = new Float32Array(NUM_EXAMPLES * numFeatures);
    for (let i = 0; i < NUM_EXAMPLES; i++) for (let t = 0; t < windowSize; t++) features[i * numFeatures + t * NUM_SYMBOLS + symbols[i + t]!] = 1;
    const labels = Int32Array.from(symbols.slice(windowSize, windowSize + NUM_EXAMPLES));
    return {features, labels, numExamples: NUM_EXAMPLES, numFeatures, numClasses: NUM_SYMBOLS};
  });
}

/** Sizes of {@link sampleRecall}. */
export interface RecallSizes {
  /** Different keys, ≥ `numPairs`, and as many different values. */
  readonly numKinds: number;
  readonly numPairs: number;
}

/**
 * Associative recall: tokens that pair a key with a value, both one-hot, then one with a key alone; the class is the value that
 * was paired with it.
 */
export function sampleRecall(random: Random, {numKinds, numPairs}: RecallSizes): DataSplits<LabelledData> {
  const tokenSize = 2 * numKinds, numFeatures = (numPairs + 1) * tokenSize;
  return bothSplits(() => {
    const features = new Float32Array(NUM_EXAMPLES * numFeatures);
    const labels = Int32Array.from({length: NUM_EXAMPLES}, (_, i) => {
      const keys = random.permutation(numKinds), values = Array.from({length: numPairs}, () => random.integer(numKinds)), asked = random.integer(numPairs);
      const token = (t: number): number => i * numFeatures + t * tokenSize;
      values.forEach((value, t) => {
        features[token(t) + keys[t]!] = 1;
        features[token(t) + numKinds + value] = 1;
      });
      features[token(numPairs) + keys[asked]!] = 1;
      return values[asked]!;
    });
    return {features, labels, numExamples: NUM_EXAMPLES, numFeatures, numClasses: numKinds};
  });
}

function bothSplits<D>(make: () => D): DataSplits<D> {
  return {train: make(), validation: make()};
}

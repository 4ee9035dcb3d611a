import {LSTM_UNITS, NUM_GLOBAL_INPUTS, type CeloTheta, type Dense} from './theta.js';

/** Shares of the run at which the time features change sign. */
const TIME_CENTERS = [0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1] as const;
const NUM_AVERAGES = 10;
/** Before this many losses the loss features are 0. */
const WARM_UP = 2;

/**
 * Celo's global part: from time and losses, the multiplier of every tensor's step. All tensors have the same inputs, so that
 * one state serves them all, and the maximum over tensors in the mixing layer is over equal values.
 *
 * @see A. Moudgil et al. 2025, "Celo: Training versatile learned optimizers on a compute diet", arXiv 2501.12670.
 */
export class CeloSchedule {
  /** Averages of the loss, their minima, state of the LSTM (hidden, then cell); the number of losses is the caller's to keep. */
  private readonly state = new Float32Array(2 * NUM_AVERAGES + 2 * LSTM_UNITS);
  private readonly means = this.state.subarray(0, NUM_AVERAGES);
  private readonly minima = this.state.subarray(NUM_AVERAGES, 2 * NUM_AVERAGES);
  private readonly hidden = this.state.subarray(2 * NUM_AVERAGES, 2 * NUM_AVERAGES + LSTM_UNITS);
  private readonly cell = this.state.subarray(2 * NUM_AVERAGES + LSTM_UNITS);
  private readonly decays: Float32Array;
  private readonly inputs = new Float64Array(NUM_GLOBAL_INPUTS);
  private readonly mixing = new Float64Array(LSTM_UNITS);
  /** The LSTM's inputs: those of the step, then the last state. */
  private readonly stacked = new Float64Array(2 * LSTM_UNITS);
  private readonly gates = new Float64Array(4 * LSTM_UNITS);

  /** @param horizon Planned number of steps, > 0. */
  constructor(private readonly theta: CeloTheta, private readonly horizon: number) {
    // Half-lives from 10 steps to the horizon, evenly in the logarithm.
    this.decays = Float32Array.from({length: NUM_AVERAGES}, (_, i) =>
      Math.exp(-1 / 10 ** (1 + ((Math.log10(horizon) - 1) * i) / (NUM_AVERAGES - 1))));
    this.minima.fill(999999999999);
    this.hidden.set(theta.initialState.hidden);
    this.cell.set(theta.initialState.cell);
  }

  /**
   * The multiplier of the step.
   * @param time Steps made before this one.
   */
  next(loss: number, time: number): number {
    this.addLoss(loss, time);
    const {mixed, direct, lstm, stepSize} = this.theta, {inputs, mixing, stacked, gates} = this;
    TIME_CENTERS.forEach((center, i) => (inputs[i] = Math.tanh(10 * (time / this.horizon - center))));
    inputs.set(this.lossFeatures(time + 1), TIME_CENTERS.length);
    apply(mixed, inputs, mixing);
    apply(direct, inputs, stacked);
    for (let i = 0; i < LSTM_UNITS; i++) stacked[i]! += Math.max(0, mixing[i]!);
    stacked.set(this.hidden, LSTM_UNITS);
    apply(lstm, stacked, gates);
    for (let i = 0; i < LSTM_UNITS; i++) {
      const input = gates[i]!, candidate = gates[LSTM_UNITS + i]!, forget = gates[2 * LSTM_UNITS + i]!, output = gates[3 * LSTM_UNITS + i]!;
      this.cell[i] = sigmoid(forget + 1) * this.cell[i]! + sigmoid(input) * Math.tanh(candidate);
      this.hidden[i] = sigmoid(output) * Math.tanh(this.cell[i]!);
    }
    return 0.1 * Math.exp(apply(stepSize, this.hidden, mixing)[0]!);
  }

  /**
   * Losses far above the largest average count as twice that, so that one of them does not spoil the averages. All is rounded to
   * float32 as in the authors' code: the features are ratios of differences that are small at first.
   */
  private addLoss(loss: number, time: number): void {
    const largest = time === 0 ? loss : Math.max(...this.corrected(time + 1)), counted = Math.min(2 * Math.abs(largest), loss);
    for (let i = 0; i < NUM_AVERAGES; i++) {
      const decay = this.decays[i]!;
      this.means[i] = Math.fround(decay * this.means[i]!) + Math.fround(Math.fround(1 - decay) * counted);
    }
    this.corrected(time + 1).forEach((mean, i) => (this.minima[i] = Math.min(this.minima[i]!, mean)));
  }

  /** The averages, corrected for their start at 0. @param count Losses that went into them. */
  private corrected(count: number): Float32Array {
    return this.means.map((mean, i) => mean / Math.fround(1 - Math.fround(this.decays[i]! ** count)));
  }

  private lossFeatures(count: number): number[] {
    const means = this.corrected(count);
    return Array.from({length: NUM_AVERAGES - 1}, (_, i) => {
      if (count <= WARM_UP) return 0;
      const low = this.minima[i]!, ratio = Math.fround(means[i]! - low) / Math.max(1e-8, Math.fround(means[i + 1]! - low));
      return Math.min(1, Math.max(-1, ratio - 1));
    });
  }

  /** A copy of the state, for {@link CeloSchedule.restore}. */
  snapshot(): Float32Array {
    return this.state.slice();
  }

  restore(piece: Float32Array): void {
    this.state.set(piece);
  }
}

/** A dense layer's outputs, into the first numbers of `out`. */
function apply({kernel, bias}: Dense, inputs: Float32Array | Float64Array, out: Float64Array): Float64Array {
  const numOutputs = bias.length;
  out.set(bias);
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i]!, row = i * numOutputs;
    for (let j = 0; j < numOutputs; j++) out[j] = out[j]! + x * kernel[row + j]!;
  }
  return out;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Losses in float64 whose curvature is known, as probes of float32 parameters. */
import type {LossProbe} from '../../src/flatness/loss-probe.js';
import {Random} from '../../src/random.js';

/** A probe made of a gradient in float64. */
export function probeOf(
  parameters: ArrayLike<number>, lossAndGradient: (at: Float64Array) => {loss: number; gradient: Float64Array}, shapes: LossProbe['shapes'] = [[parameters.length]],
): LossProbe {
  return {
    shapes,
    parameters: () => Float32Array.from(parameters),
    loss: at => lossAndGradient(Float64Array.from(at)).loss,
    gradient: at => {
      const {loss, gradient} = lossAndGradient(Float64Array.from(at));
      return {loss, gradient: Float32Array.from(gradient)};
    },
  };
}

/** f(θ) = ½θᵀHθ. @param matrix H, row by row. */
export function quadraticProbe(matrix: Float64Array, parameters: ArrayLike<number>): LossProbe {
  const size = parameters.length;
  return probeOf(parameters, at => {
    const gradient = Float64Array.from({length: size}, (_, i) => at.reduce((sum, x, j) => sum + matrix[i * size + j]! * x, 0));
    return {loss: gradient.reduce((sum, g, i) => sum + g * at[i]! / 2, 0), gradient};
  });
}

/** QΛQᵀ with the given eigenvalues, row by row; Q is a product of random reflections. */
export function matrixWith(eigenvalues: readonly number[], random: Random): Float64Array {
  const n = eigenvalues.length, q = new Float64Array(n * n), out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let pass = 0; pass < 3; pass++) {
    const v = Float64Array.from({length: n}, () => random.normal()), square = v.reduce((sum, x) => sum + x * x, 0);
    for (let i = 0; i < n; i++) {
      const share = 2 * v.reduce((sum, x, j) => sum + x * q[i * n + j]!, 0) / square;
      for (let j = 0; j < n; j++) q[i * n + j]! -= share * v[j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * n + j] = eigenvalues.reduce((sum, e, k) => sum + e * q[i * n + k]! * q[j * n + k]!, 0);
  return out;
}

/** A dense classifier on random data. */
export interface Network extends LossProbe {
  /** The Hessian at the parameters in float64, row by row. */
  hessian(): Float64Array;
  /** The same network with other parameters. */
  at(parameters: ArrayLike<number>): Network;
}

/** A network of dense layers with softmax cross-entropy; [7, 27, 3] has 300 parameters. */
export function networkProbe(seed: number, {sizes = [7, 27, 3], activation = 'tanh', numExamples = 40, steps = 30}: {sizes?: number[]; activation?: 'tanh' | 'relu'; numExamples?: number; steps?: number} = {}): Network {
  const random = new Random(seed), numLayers = sizes.length - 1;
  const inputs = random.normals(numExamples * sizes[0]!), labels = Array.from({length: numExamples}, () => random.integer(sizes[numLayers]!));
  const shapes = sizes.slice(1).flatMap((out, l) => [[sizes[l]!, out], [out]]);
  const evaluate = (at: Float64Array): {loss: number; gradient: Float64Array} => {
    const gradient = new Float64Array(at.length);
    let loss = 0;
    for (let example = 0; example < numExamples; example++) {
      const activations = [Float64Array.from(inputs.subarray(example * sizes[0]!, (example + 1) * sizes[0]!))], offsets: number[] = [];
      for (let l = 0, start = 0; l < numLayers; l++) {
        const numIn = sizes[l]!, numOut = sizes[l + 1]!, input = activations[l]!;
        offsets.push(start);
        activations.push(Float64Array.from({length: numOut}, (_, j) => {
          let sum = at[start + numIn * numOut + j]!;
          for (let i = 0; i < numIn; i++) sum += input[i]! * at[start + i * numOut + j]!;
          return l === numLayers - 1 ? sum : activation === 'tanh' ? Math.tanh(sum) : Math.max(0, sum);
        }));
        start += numIn * numOut + numOut;
      }
      const logits = activations[numLayers]!, most = Math.max(...logits), total = logits.reduce((sum, z) => sum + Math.exp(z - most), 0), label = labels[example]!;
      loss += (Math.log(total) + most - logits[label]!) / numExamples;
      let delta = logits.map((z, j) => (Math.exp(z - most) / total - (j === label ? 1 : 0)) / numExamples);
      for (let l = numLayers - 1; l >= 0; l--) {
        const numIn = sizes[l]!, numOut = sizes[l + 1]!, input = activations[l]!, start = offsets[l]!, below = new Float64Array(numIn);
        for (let j = 0; j < numOut; j++) {
          gradient[start + numIn * numOut + j]! += delta[j]!;
          for (let i = 0; i < numIn; i++) {
            gradient[start + i * numOut + j]! += delta[j]! * input[i]!;
            below[i]! += delta[j]! * at[start + i * numOut + j]!;
          }
        }
        delta = below.map((d, i) => d * (activation === 'tanh' ? 1 - input[i]! ** 2 : Number(input[i]! > 0)));
      }
    }
    return {loss, gradient};
  };
  const make = (parameters: Float32Array): Network => ({
    ...probeOf(parameters, evaluate, shapes),
    at: other => make(Float32Array.from(other)),
    hessian: () => {
      const n = parameters.length, h = 1e-5, matrix = new Float64Array(n * n), at = Float64Array.from(parameters);
      for (let i = 0; i < n; i++) {
        const [plus, minus] = [h, -h].map(step => evaluate(at.map((x, k) => (k === i ? x + step : x))).gradient);
        for (let j = 0; j < n; j++) {
          const entry = (plus![j]! - minus![j]!) / (4 * h);
          matrix[i * n + j]! += entry;
          matrix[j * n + i]! += entry;
        }
      }
      return matrix;
    },
  });
  const start = Float32Array.from(shapes.flatMap(shape => Array.from(random.normals(shape.reduce((a, b) => a * b, 1), shape.length > 1 ? 1 / Math.sqrt(shape[0]!) : 0.1))));
  for (let step = 0; step < steps; step++) evaluate(Float64Array.from(start)).gradient.forEach((g, i) => start[i]! -= 0.5 * g);
  return make(start);
}

/** Counts what a probe is asked for. */
export function counted(probe: LossProbe): LossProbe & {losses: number; gradients: number} {
  const counter = {
    losses: 0, gradients: 0, shapes: probe.shapes,
    parameters: () => probe.parameters(),
    loss: (at: Float32Array) => {
      counter.losses++;
      return probe.loss(at);
    },
    gradient: (at: Float32Array) => {
      counter.gradients++;
      return probe.gradient(at);
    },
  };
  return counter;
}

import * as tf from '@tensorflow/tfjs-core';

type Attributes = Readonly<Record<string, unknown>>;
type PoolWindow = [number, number] | number;

/** The gradient of a kernel whose output is constant between jumps: 0 for each input. */
function constant(kernelName: string, inputs: readonly string[]): tf.GradConfig {
  return {
    kernelName, inputsToSave: [...inputs],
    gradFunc: (_dy, saved) => Object.fromEntries(inputs.map((name, i) => [name, () => tf.zeros(saved[i]!.shape)])),
  };
}

/** A kernel's gradient out of the incoming one, the saved inputs, and the attributes. */
function gradient(kernelName: string, inputs: readonly string[], make: (dy: tf.Tensor, saved: tf.Tensor[], attributes: Attributes) => Record<string, () => tf.Tensor>): tf.GradConfig {
  return {kernelName, inputsToSave: [...inputs], gradFunc: (dy, saved, attributes) => make(dy as tf.Tensor, saved, attributes)};
}

function run(kernelName: string, inputs: tf.NamedTensorMap, attributes: Attributes): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attributes as unknown as tf.NamedAttrMap);
}

/**
 * Max pooling's gradient moves each entry of dy to where its window had the first maximum; the adjoint fetches from there, offset by offset
 * in the window. (`maxPoolWithArgmax` is missing on the node backend, and fails on wasm where a maximum is not positive.)
 */
function atMaxima(values: tf.Tensor4D, input: tf.Tensor4D, output: tf.Tensor4D, attributes: Attributes): tf.Tensor4D {
  const {filterSize, strides, pad, dimRoundingMode} = attributes as {filterSize: PoolWindow; strides: PoolWindow; pad: 'valid' | 'same' | number; dimRoundingMode: 'floor' | undefined};
  const window = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const {top, bottom, left, right} = window.padInfo, padding: [number, number][] = [[0, 0], [top, bottom], [left, right], [0, 0]];
  const paddedInput = tf.pad(input, padding, -Infinity), paddedValues = tf.pad(values, padding);
  const at = (tensor: tf.Tensor, row: number, column: number): tf.Tensor4D => {
    const end = [window.batchSize, row + (window.outHeight - 1) * window.strideHeight + 1, column + (window.outWidth - 1) * window.strideWidth + 1, window.outChannels];
    return tf.stridedSlice(tensor, [0, row, column, 0], end, [1, window.strideHeight, window.strideWidth, 1]) as tf.Tensor4D;
  };
  let found: tf.Tensor4D = tf.zerosLike(output), fetched: tf.Tensor4D = tf.zerosLike(output);
  for (let row = 0; row < window.filterHeight; row++) {
    for (let column = 0; column < window.filterWidth; column++) {
      const isHere = tf.mul<tf.Tensor4D>(tf.cast(tf.equal(at(paddedInput, row, column), output), 'float32'), tf.sub(1, found));
      fetched = tf.add(fetched, tf.mul(isHere, at(paddedValues, row, column)));
      found = tf.add(found, isHere);
    }
  }
  return fetched;
}

/** Derivative of elu's gradient, dy·(y > 0 ? 1 : y + 1). */
const ELU_GRADIENT = gradient(tf.EluGrad, ['dy', 'y'], (ddx, [dy, y]) => ({
  dy: () => tf.where(tf.greater(y!, 0), ddx, tf.mul(ddx, tf.add(y!, 1))),
  y: () => tf.where(tf.greater(y!, 0), tf.zerosLike(y!), tf.mul(ddx, dy!)),
}));

/**
 * Gradients that TF.js 4.22 lacks and that gradients of gradients meet. Convolutions are bilinear: each of input, filter and
 * incoming gradient is had from the two others by one of three kernels, and so are their gradients.
 */
export const HIGHER_ORDER_GRADIENTS: readonly tf.GradConfig[] = [
  ...[tf.Greater, tf.Less, tf.LessEqual, tf.Equal, tf.NotEqual, tf.LogicalAnd, tf.LogicalOr].map(name => constant(name, ['a', 'b'])),
  constant(tf.LogicalNot, ['x']),
  ELU_GRADIENT,
  gradient(tf.Conv2DBackpropFilter, ['x', 'dy'], (filter, [x, dy], attributes) => ({
    x: () => run(tf.Conv2DBackpropInput, {dy: dy!, filter}, {...attributes, inputShape: x!.shape}),
    dy: () => run(tf.Conv2D, {x: x!, filter}, {...attributes, dilations: 1}),
  })),
  gradient(tf.DepthwiseConv2dNativeBackpropFilter, ['x', 'dy'], (filter, [x, dy], attributes) => ({
    x: () => run(tf.DepthwiseConv2dNativeBackpropInput, {dy: dy!, filter}, {...attributes, inputShape: x!.shape}),
    dy: () => run(tf.DepthwiseConv2dNative, {x: x!, filter}, attributes),
  })),
  gradient(tf.DepthwiseConv2dNativeBackpropInput, ['dy', 'filter'], (x, [dy, filter], attributes) => ({
    dy: () => run(tf.DepthwiseConv2dNative, {x, filter: filter!}, attributes),
    filter: () => run(tf.DepthwiseConv2dNativeBackpropFilter, {x, dy: dy!}, {...attributes, filterShape: filter!.shape}),
  })),
  gradient(tf.AvgPoolGrad, ['dy', 'input'], (dx, [_dy, input], attributes) => ({
    dy: () => run(tf.AvgPool, {x: dx}, attributes),
    input: () => tf.zerosLike(input!),
  })),
  gradient(tf.MaxPoolGrad, ['dy', 'input', 'output'], (dx, [_dy, input, output], attributes) => ({
    dy: () => atMaxima(dx as tf.Tensor4D, input as tf.Tensor4D, output as tf.Tensor4D, attributes),
    input: () => tf.zerosLike(input!),
    output: () => tf.zerosLike(output!),
  })),
];

import {type Tensor, dispose, tidy} from '@tensorflow/tfjs-core';
import {type LayersModel, type LayerVariable, layers} from '@tensorflow/tfjs-layers';
import type {Random} from '../../../random.js';

type Layer = LayersModel['layers'][number];

/** Layers that only add noise: while a loss is computed they pass their input on. */
const NOISE_LAYERS: ReadonlySet<string> = new Set(['Dropout', 'SpatialDropout1D', 'AlphaDropout', 'GaussianDropout', 'GaussianNoise']);

/** All layers of a model: those inside nested models, wrappers and recurrent cells too. */
export function allLayers(model: LayersModel): Layer[] {
  const found = new Set<Layer>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isLayer(value) && !found.has(value)) {
      found.add(value);
      Object.values(value).forEach(visit);
    }
  };
  visit(model);
  found.delete(model);
  return [...found];
}

/** The model's trainable weights, each once: TF.js lists those of a layer that two nested models share twice. */
export function trainableWeightsOf({trainableWeights}: LayersModel): LayerVariable[] {
  return [...new Set(trainableWeights)];
}

/** Why the model's loss would not be a function of weights and batch alone, if so. */
export function findHiddenState(model: LayersModel): string | undefined {
  for (const layer of allLayers(model)) {
    const {dropout, recurrentDropout} = layer as Layer & {dropout?: unknown; recurrentDropout?: unknown};
    if (Number(dropout ?? 0) > 0 || Number(recurrentDropout ?? 0) > 0) return `the layer '${layer.name}' has dropout inside its recurrence`;
    if (layer.stateful) return `the layer '${layer.name}' is stateful`;
  }
  return undefined;
}

/**
 * Runs `f` while the model's trainable weights read as `values`, no other weight can change (batch normalisation's averages),
 * and noise layers pass their input on. Gradients of what `f` returns reach `values`.
 *
 * @param values One for each of {@link trainableWeightsOf}, in order.
 */
export function withWeights<T>(model: LayersModel, values: readonly Tensor[], f: () => T): T {
  const shadowed: [object, string][] = [];
  const shadow = <K extends string, M>(target: Record<K, M>, member: K, replacement: M): void => {
    target[member] = replacement;
    shadowed.push([target, member]);
  };
  try {
    trainableWeightsOf(model).forEach((weight, i) => shadow(weight, 'read', () => values[i]!));
    for (const weight of model.nonTrainableWeights) shadow(weight, 'write', () => weight);
    for (const layer of allLayers(model)) {
      if (NOISE_LAYERS.has(layer.getClassName())) shadow(layer, 'call', (inputs: Tensor | Tensor[]) => inputs);
    }
    return f();
  } finally {
    // What is left below is the class's own method.
    for (const [target, member] of shadowed) Reflect.deleteProperty(target, member);
  }
}

/** Which of two models' weights differ, by their place in `weights`. */
export function differingWeights(a: LayersModel, b: LayersModel): number[] {
  return a.weights.flatMap((weight, i) => {
    const other = b.weights[i];
    if (other === undefined) return [i];
    const x = weight.read().dataSync(), y = other.read().dataSync();
    return x.length === y.length && x.every((value, k) => Object.is(value, y[k])) ? [] : [i];
  });
}

/**
 * Draws a weight anew by a copy of its own initializer with a seed.
 * @returns False where the weight has no initializer that takes a seed.
 */
export function redrawWeight(model: LayersModel, weight: LayerVariable, random: Random): boolean {
  const initializer = initializerOf(model, weight);
  if (initializer === undefined || !('seed' in initializer.getConfig())) return false;
  const Seeded = initializer.constructor as new (config: object) => Initializer;
  // TF.js takes the seed 0 for none.
  const value = tidy(() => new Seeded({...initializer.getConfig(), seed: 1 + random.integer(0x7fffffff)}).apply(shapeOf(weight), weight.dtype));
  weight.write(value);
  dispose(value);
  return true;
}

interface Initializer {
  getConfig(): object;
  apply(shape: number[], dtype: LayerVariable['dtype']): Tensor;
}

/** Layers keep the initializer of `kernel` as `kernelInitializer`, that of `recurrentKernel` as `recurrentInitializer`. */
function initializerOf(model: LayersModel, weight: LayerVariable): Initializer | undefined {
  for (const layer of allLayers(model)) {
    const members = layer as unknown as Readonly<Record<string, unknown>>;
    const name = Object.keys(members).find(key => members[key] === weight);
    if (name === undefined) continue;
    const initializer = members[`${name}Initializer`] ?? members[`${name.replace(/Kernel$/, '')}Initializer`];
    return isInitializer(initializer) ? initializer : undefined;
  }
  return undefined;
}

function isInitializer(value: unknown): value is Initializer {
  return typeof value === 'object' && value !== null && 'apply' in value && 'getConfig' in value;
}

function isLayer(value: unknown): value is Layer {
  return value instanceof layers.Layer;
}

function shapeOf(weight: LayerVariable): number[] {
  return weight.shape.map(Number);
}

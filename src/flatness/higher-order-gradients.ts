import * as tf from '@tensorflow/tfjs-core';
import {HIGHER_ORDER_GRADIENTS} from './kernel-gradients.js';

/** What the repair touches of TF.js's engine, which its types keep private. */
interface TapeEngine {
  readonly state: {readonly activeTape: TapeNode[] | null};
  isTapeOn(): boolean;
  addTapeNode(kernelName: string, inputs: tf.NamedTensorMap, outputs: tf.Tensor[], gradient: unknown, saved: tf.Tensor[], attrs: unknown): void;
  customGrad(f: CustomGradient): (...inputs: tf.Tensor[]) => tf.Tensor;
}

interface TapeNode {
  readonly inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved: readonly tf.Tensor[];
}

type Save = (tensors: tf.Tensor[]) => void;
type Backward = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
type CustomGradient = (...inputsAndSave: [...tf.Tensor[], Save]) => {value: tf.Tensor; gradFunc: Backward};

/** Undoes the repair. On the engine, which all copies of TF.js and of this library in a process share. */
const UNDO = Symbol.for('tfjs-l2o/higher-order-gradients');
type Repaired = TapeEngine & {[UNDO]?: () => void};

/**
 * Makes gradients of gradients right in TF.js 4.22, whose own are silently wrong for tanh, sigmoid, exp, softmax, max and other ops whose
 * gradients use their output (its issue 3252), and missing for comparisons, elu, convolutions and pooling. Afterwards
 * `tf.grad(x => tf.sum(tf.grad(f)(x)))`, Hessian-vector products by double backward among it, are exact to rounding.
 *
 * It repairs the tape's order, where clones of saved outputs come before what they are clones of; it records the insides of
 * `tf.customGrad` ops such as `tf.losses.softmaxCrossEntropy` again where they are differentiated twice (functions that `tf.customGrad` returned
 * earlier stay as they were); and it registers the missing
 * gradients of kernels. First-order gradients stay as they are, to the bit, save that a path through a comparison, which was an error,
 * has the gradient 0.
 *
 * Process-wide and for every copy of TF.js, which all share one engine; a second call does nothing; undone by {@link disableHigherOrderGradients}.
 * Not covered: conv3d and its pooling, local response normalisation, image resizing, and einsum, which throw as before.
 *
 * @example
 * enableHigherOrderGradients();
 * const second = tf.grad(x => tf.grad(y => tf.tanh(y))(x));
 */
export function enableHigherOrderGradients(): void {
  const engine = tf.engine() as unknown as Repaired;
  if (engine[UNDO] !== undefined) return;
  const registered = HIGHER_ORDER_GRADIENTS.filter(({kernelName}) => (tf.getGradient(kernelName) as tf.GradConfig | undefined) === undefined);
  registered.forEach(config => tf.registerGradient(config));
  const record = engine.addTapeNode.bind(engine), customGrad = engine.customGrad.bind(engine);
  engine.addTapeNode = (...node) => {
    record(...node);
    moveBehindProducer(engine.state.activeTape);
  };
  engine.customGrad = f => customGrad(rerecording(engine, f));
  engine[UNDO] = () => {
    // What is left below is the engine's own method.
    Reflect.deleteProperty(engine, 'addTapeNode');
    Reflect.deleteProperty(engine, 'customGrad');
    registered.forEach(({kernelName}) => tf.unregisterGradient(kernelName));
    Reflect.deleteProperty(engine, UNDO);
  };
}

/** Undoes {@link enableHigherOrderGradients}; not while gradients are being computed. */
export function disableHigherOrderGradients(): void {
  (tf.engine() as unknown as Repaired)[UNDO]?.();
}

/** Whether {@link enableHigherOrderGradients} is in force. */
export function hasHigherOrderGradients(): boolean {
  return (tf.engine() as unknown as Repaired)[UNDO] !== undefined;
}

/** Clones of the last node's outputs, made just before it in order to save them, belong behind it: the tape is read in order. */
function moveBehindProducer(tape: TapeNode[] | null): void {
  const node = tape?.at(-1);
  if (tape === null || node === undefined) return;
  let first = tape.length - 1;
  while (first > 0 && node.saved.some(saved => tape[first - 1]!.outputs.includes(saved))) first--;
  const clones = tape.splice(first).slice(0, -1);
  const isOfOutput = ({inputs}: TapeNode): boolean => node.outputs.some(({id}) => id === inputs.x?.id);
  tape.push(...clones.filter(clone => !isOfOutput(clone)), node, ...clones.filter(isOfOutput));
}

/**
 * A custom gradient whose saved tensors are tied to its inputs where it is differentiated itself. Inputs and output that it saves are
 * on the tape; anything else is of its insides, and cut off. So the inputs are saved too, and the insides are made again, on the tape,
 * in the backward pass.
 */
function rerecording(engine: TapeEngine, f: CustomGradient): CustomGradient {
  return (...args) => {
    const inputs = args.slice(0, -1) as tf.Tensor[], save = args.at(-1) as Save;
    let own: tf.Tensor[] = [];
    const {value, gradFunc} = f(...inputs, tensors => {
      own = tensors;
      save([...tensors, ...inputs]);
    });
    const known = new Set([...inputs, value].map(({dataId}) => dataId)), numSaved = own.length;
    const isOpen = own.every(({dataId}) => known.has(dataId));
    return {
      value,
      gradFunc: (dy, saved) => {
        if (isOpen || !engine.isTapeOn()) return gradFunc(dy, saved.slice(0, numSaved));
        let again: tf.Tensor[] = [];
        const {gradFunc: backward} = f(...saved.slice(numSaved), tensors => {
          again = tensors;
        });
        return backward(dy, again);
      },
    };
  };
}

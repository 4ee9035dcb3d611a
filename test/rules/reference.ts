/** The rules once more, in plain double-precision numbers and one coordinate at a time: the oracle of the tf-ops rules. */
import type {Random} from '../../src/random.js';
import type {Rule} from '../../src/rules/rule.js';

/** A slot as rows of numbers, one column a coordinate; `[20]` is 20 rows of one. */
type Rows = number[][];

export interface ReferenceState {
  readonly variables: Array<{parameter: number[]; slots: Record<string, Rows>}>;
  readonly shared: Record<string, Rows>;
}

export interface Reference {
  initial(theta: Float64Array, parameters: readonly number[][], randoms: readonly Random[]): ReferenceState;
  step(theta: Float64Array, state: ReferenceState, gradients: readonly number[][], time: number, learningRate: number): ReferenceState;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;
const zeros = (rows: number, n: number): Rows => Array.from({length: rows}, () => new Array<number>(n).fill(0));
const column = (rows: Rows, i: number): number[] => rows.map(row => row[i]!);
/** Columns, side by side, as rows. */
const fromColumns = (columns: readonly number[][]): Rows => columns[0]!.map((_, r) => columns.map(c => c[r]!));

/** Reads weights by name. */
function reader(rule: Pick<Rule, 'layout'>, theta: Float64Array): (name: string) => Float64Array {
  return name => {
    const {offset, size} = rule.layout.find(entry => entry.name === name)!;
    return theta.subarray(offset, offset + size);
  };
}

/** inputᵀ · kernel + bias, with the kernel row-major. */
function affine(kernel: Float64Array, bias: ArrayLike<number>, input: readonly number[]): number[] {
  const outputs = bias.length;
  return Array.from({length: outputs}, (_, o) => input.reduce((sum, x, i) => sum + x * kernel[i * outputs + o]!, bias[o]!));
}

/** One LSTM step of one coordinate: input, candidate, forget, output. */
function lstm(kernel: Float64Array, bias: Float64Array, input: readonly number[], h: readonly number[], c: readonly number[]): {h: number[]; c: number[]} {
  const units = h.length, gates = affine(kernel, bias, [...input, ...h]);
  const next = c.map((x, u) => sigmoid(gates[2 * units + u]! + 1) * x + sigmoid(gates[u]!) * Math.tanh(gates[units + u]!));
  return {h: next.map((x, u) => sigmoid(gates[3 * units + u]!) * Math.tanh(x)), c: next};
}

/** The stack on one coordinate. */
function deepLstm(w: (name: string) => Float64Array, input: readonly number[], slots: Record<string, Rows>, i: number): {output: number; state: number[][]} {
  const first = lstm(w('gateKernel1'), w('gateBias1'), input, column(slots.h1!, i), column(slots.c1!, i));
  const second = lstm(w('gateKernel2'), w('gateBias2'), first.h, column(slots.h2!, i), column(slots.c2!, i));
  return {output: affine(w('outputKernel'), w('outputBias'), second.h)[0]!, state: [first.h, first.c, second.h, second.c]};
}

const STACK_SLOTS = ['h1', 'c1', 'h2', 'c2'];
function stackSlots(states: readonly number[][][]): Record<string, Rows> {
  return Object.fromEntries(STACK_SLOTS.map((name, s) => [name, fromColumns(states.map(state => state[s]!))]));
}

/** L2O-DM. */
export function referenceLstmDm(rule: Rule): Reference {
  return {
    initial: (_theta, parameters) => ({
      variables: parameters.map(parameter => ({parameter, slots: Object.fromEntries(STACK_SLOTS.map(name => [name, zeros(20, parameter.length)]))})), shared: {},
    }),
    step(theta, {variables}, gradients, _time, learningRate) {
      const w = reader(rule, theta);
      return {
        shared: {},
        variables: variables.map(({parameter, slots}, v) => {
          const made = gradients[v]!.map((g, i) =>
            deepLstm(w, [Math.max(Math.log(Math.abs(g) + 1.1920928955078125e-7) / 5, -1), clip(g * Math.exp(5), -1, 1)], slots, i));
          return {parameter: parameter.map((p, i) => p + learningRate * 0.01 * made[i]!.output), slots: stackSlots(made.map(m => m.state))};
        }),
      };
    },
  };
}

/** RNNProp. */
export function referenceRnnprop(rule: Rule): Reference {
  const base = referenceLstmDm(rule);
  return {
    initial: (theta, parameters, randoms) => {
      const {variables} = base.initial(theta, parameters, randoms);
      return {shared: {}, variables: variables.map(({parameter, slots}) => ({parameter, slots: {...slots, m: zeros(1, parameter.length), v: zeros(1, parameter.length)}}))};
    },
    step(theta, {variables}, gradients, time, learningRate) {
      const w = reader(rule, theta), correction = 1 - 0.95 ** (time + 1);
      return {
        shared: {},
        variables: variables.map(({parameter, slots}, k) => {
          const m = slots.m![0]!.map((x, i) => 0.95 * x + 0.05 * gradients[k]![i]!), v = slots.v![0]!.map((x, i) => 0.95 * x + 0.05 * gradients[k]![i]! ** 2);
          const made = gradients[k]!.map((g, i) => {
            const size = Math.sqrt(v[i]! / correction) + 1e-8;
            const input = affine(w('inputKernel'), w('inputBias'), [m[i]! / correction / size, g / size]).map(x => (x > 0 ? x : Math.expm1(x)));
            return deepLstm(w, input, slots, i);
          });
          return {
            parameter: parameter.map((p, i) => p + learningRate * 0.01 * Math.tanh(made[i]!.output)),
            slots: {...stackSlots(made.map(x => x.state)), m: [m], v: [v]},
          };
        }),
      };
    },
  };
}

/** One GRU step of one column: reset, keep, candidate. */
function gru(w: (name: string) => Float64Array, level: string, input: readonly number[], state: readonly number[], bias: readonly number[]): number[] {
  const units = state.length, gates = affine(w(`${level}GateKernel`), w(`${level}GateBias`), [...input, ...state]).map((x, i) => sigmoid(x + (bias[i] ?? 0)));
  const candidate = affine(w(`${level}CandidateKernel`), w(`${level}CandidateBias`), [...input, ...state.map((s, u) => gates[u]! * s)]);
  return state.map((s, u) => gates[units + u]! * s + (1 - gates[units + u]!) * Math.tanh(candidate[u]! + (bias[2 * units + u] ?? 0)));
}

/** L2O-Scale. */
export function referenceScale(rule: Rule): Reference {
  const dot = (a: Float64Array, b: readonly number[]): number => b.reduce((sum, x, i) => sum + x * a[i]!, 0);
  return {
    initial(theta, parameters, randoms) {
      const w = reader(rule, theta), asRows = (name: string, n: number): Rows => Array.from(w(name), x => new Array<number>(n).fill(x));
      const low = Math.log(1e-6) / 2, high = Math.log(1e-2) / 2;
      return {
        shared: {globalState: asRows('initialGlobal', 1)},
        variables: parameters.map((parameter, k) => {
          const n = parameter.length, offset = randoms[k]!.uniform(low, high);
          return {parameter, slots: {
            parameterState: asRows('initialParameter', n), tensorState: asRows('initialTensor', 1), inputDecay: zeros(1, n), scaleDecay: zeros(1, n),
            logRate: [parameter.map(() => offset + randoms[k]!.uniform(low, high))], averages: zeros(4, n), meanSquares: zeros(4, n),
          }};
        }),
      };
    },
    step(theta, {variables, shared}, gradients, _time, learningRate) {
      const w = reader(rule, theta), global = column(shared.globalState!, 0);
      const meanLogRate = mean(variables.flatMap(({slots}) => slots.logRate![0]!));
      const toParameter = affine(w('globalToParameterKernel'), w('globalToParameterBias'), global);
      const toTensor = affine(w('globalToTensorKernel'), w('globalToTensorBias'), global);
      const tensorStates: number[][] = [];
      const stepped = variables.map(({parameter, slots}, k) => {
        const tensor = column(slots.tensorState!, 0);
        const bias = affine(w('tensorToParameterKernel'), w('tensorToParameterBias'), tensor).map((x, i) => x + toParameter[i]!);
        const made = parameter.map((_, i) => {
          const scaleDecay = slots.scaleDecay![0]![i]!, averages: number[] = [], squares: number[] = [], x: number[] = [];
          for (let s = 0, decay = slots.inputDecay![0]![i]!; s < 4; s++, decay = Math.sqrt(decay)) {
            averages.push((1 - decay) * gradients[k]![i]! + decay * slots.averages![s]![i]!);
            squares.push((1 - scaleDecay) * (averages[s]! ** 2 + 1e-12) + scaleDecay * slots.meanSquares![s]![i]!);
            x.push(Math.asinh(averages[s]! / Math.sqrt(squares[s]! + 1e-16)));
          }
          const logs = squares.map(ms => Math.log(ms + 1e-16));
          const input = [...x, x[0]! * x[1]!, x[1]! * x[2]!, x[2]! * x[3]!, ...logs.map(l => l - mean(logs)), slots.logRate![0]![i]! - meanLogRate];
          const h = gru(w, 'parameter', input, column(slots.parameterState!, i), bias);
          const old = slots.logRate![0]![i]!, proposed = clip(old + dot(w('rateKernel'), h) + w('rateBias')[0]!, -33, 33), momentum = sigmoid(w('rateMomentum')[0]!);
          return {
            h, averages, squares, summary: [...h, ...input], direction: dot(w('directionKernel'), h) + dot(w('directionShortcut'), x),
            rate: Math.exp(proposed + w('rateOffset')[0]!), logRate: momentum * old + (1 - momentum) * proposed,
            scaleDecay: sigmoid(dot(w('scaleDecayKernel'), h) + w('scaleDecayBias')[0]!), inputDecay: sigmoid(dot(w('inputDecayKernel'), h) + w('inputDecayBias')[0]!),
          };
        });
        const rms = Math.sqrt(mean(made.map(m => m.direction ** 2)) + 1e-16);
        const next = gru(w, 'tensor', fromColumns(made.map(m => m.summary)).map(mean), tensor, toTensor);
        tensorStates.push(next);
        return {
          parameter: parameter.map((p, i) => p - learningRate * made[i]!.rate * made[i]!.direction / rms),
          slots: {
            parameterState: fromColumns(made.map(m => m.h)), tensorState: next.map(x => [x]), inputDecay: [made.map(m => m.inputDecay)],
            scaleDecay: [made.map(m => m.scaleDecay)], logRate: [made.map(m => m.logRate)],
            averages: fromColumns(made.map(m => m.averages)), meanSquares: fromColumns(made.map(m => m.squares)),
          },
        };
      });
      return {variables: stepped, shared: {globalState: gru(w, 'global', fromColumns(tensorStates).map(mean), global, []).map(x => [x])}};
    },
  };
}

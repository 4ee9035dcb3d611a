import {Tensor, tensor, type NamedTensorMap} from '@tensorflow/tfjs-core';
import {L2OError} from '../errors.js';
import type {SlotArrays} from '../kernel/runner.js';
import {stateSizes} from '../kernel/state-sizes.js';
import {ruleInfo, ruleOfSize, type RuleName} from '../rules/registry.js';

/** A weight of an optimizer, as TF.js saves it. (TF.js does not export its own type.) */
export interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** State shared by the variables that are trained together. */
export interface GroupState {
  /** Steps made. */
  readonly step: number;
  /** `stateSizes(rule).optimizer` floats. */
  readonly lossSlots: Float32Array;
}

/** State of one variable. */
export interface VariableState extends SlotArrays {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of its group. */
  readonly group: number;
}

/** All that a learned optimizer must keep to go on bit for bit. */
export interface SavedState {
  readonly theta: Float32Array;
  readonly iterations: number;
  readonly skippedSteps: number;
  readonly groups: readonly GroupState[];
  readonly variables: readonly VariableState[];
}

const FORMAT_VERSION = 1;
/** Format version, number of groups, number of variables, skipped steps, version of the rule. */
const NUM_STATE = 5;
// A prefix of their own: on load TF.js lets an optimizer weight overwrite a model weight of the same name.
const PREFIX = 'l2o/';
const NAMES = {theta: `${PREFIX}theta`, state: `${PREFIX}state`, steps: `${PREFIX}steps`, losses: `${PREFIX}losses`};
const VARIABLE_NAME = /^l2o\/variables\/(\d+)\/(\d+)\/(.*)\/(parameter|tensor)$/s;

/** The state as named tensors, which belong to the caller. The first, `iter`, is where TF.js expects the step counter. */
export function encodeState(state: SavedState, rule: RuleName): NamedTensor[] {
  const {groups} = state, sizes = stateSizes(rule);
  const entries: NamedTensor[] = [
    {name: 'iter', tensor: tensor(state.iterations, [], 'int32')},
    {name: NAMES.theta, tensor: tensor(state.theta)},
    {name: NAMES.state, tensor: tensor([FORMAT_VERSION, groups.length, state.variables.length, state.skippedSteps, ruleInfo(rule).version], [NUM_STATE], 'int32')},
  ];
  if (groups.length > 0) {
    entries.push({name: NAMES.steps, tensor: tensor(groups.map(g => g.step), [groups.length], 'int32')});
    entries.push({name: NAMES.losses, tensor: tensor(Float32Array.from(groups.flatMap(g => [...g.lossSlots])), [groups.length, sizes.optimizer])});
  }
  state.variables.forEach((v, i) => {
    const path = `${PREFIX}variables/${i}/${v.group}/${v.name}`;
    entries.push({name: `${path}/parameter`, tensor: tensor(v.slots, [sizes.parameter, ...v.shape])});
    entries.push({name: `${path}/tensor`, tensor: tensor(v.tensorSlots, [sizes.tensor])});
  });
  return entries;
}

function fail(expected: string, got: string): never {
  throw new L2OError('INVALID_WEIGHTS', `setWeights: expected ${expected}, got ${got}. Pass what getWeights of a learned optimizer returned, unchanged.`);
}

/** Reads back what {@link encodeState} wrote. @throws L2OError `INVALID_WEIGHTS` for missing, extra or misshaped entries, or those of another rule. */
export async function decodeState(weights: readonly NamedTensor[], rule: RuleName): Promise<SavedState> {
  const sizes = stateSizes(rule), {version: ruleVersion, thetaSize} = ruleInfo(rule);
  const list: unknown = weights;
  if (!Array.isArray(list)) fail('an array of named tensors', typeof weights);
  const byName: NamedTensorMap = {};
  for (const entry of list as unknown[]) {
    const {name, tensor: value} = (entry ?? {}) as Partial<NamedTensor>;
    if (typeof name !== 'string' || !(value instanceof Tensor)) return fail('entries of a name and a tensor', name === undefined ? 'one without a name' : `'${name}' without a tensor`);
    if (byName[name] !== undefined) fail('every name once', `'${name}' twice`);
    byName[name] = value;
  }
  if (weights[0]?.name !== 'iter') fail("'iter' as the first entry", `'${String(weights[0]?.name)}'`);
  const used = new Set<string>();
  const read = async (name: string, shape: readonly number[]): Promise<Float32Array | Int32Array> => {
    const value = byName[name];
    if (value === undefined) return fail(`an entry '${name}'`, 'none');
    if (value.shape.join() !== shape.join()) fail(`'${name}' of shape [${shape.join(', ')}]`, `[${value.shape.join(', ')}]`);
    used.add(name);
    return (await value.data<'float32'>().catch(() => fail('live tensors', `'${name}', which cannot be read any more`))).slice();
  };
  const owner = ruleOfSize(byName[NAMES.theta]?.size ?? 0);
  if (owner !== undefined && owner !== rule) fail(`the state of the rule '${rule}'`, `that of '${owner}'`);
  const [iterations] = await read('iter', []), theta = Float32Array.from(await read(NAMES.theta, [thetaSize]));
  const [version, numGroups, numVariables, skippedSteps, savedVersion] = await read(NAMES.state, [NUM_STATE]) as unknown as [number, number, number, number, number];
  if (version !== FORMAT_VERSION) fail(`format version ${FORMAT_VERSION}`, String(version));
  if (savedVersion !== ruleVersion) fail(`the state of version ${ruleVersion} of '${rule}'`, `that of version ${savedVersion}`);
  const groups: GroupState[] = [];
  if (numGroups > 0) {
    const steps = await read(NAMES.steps, [numGroups]), losses = await read(NAMES.losses, [numGroups, sizes.optimizer]);
    for (let i = 0; i < numGroups; i++) {
      groups.push({step: steps[i]!, lossSlots: Float32Array.from(losses.subarray(i * sizes.optimizer, (i + 1) * sizes.optimizer))});
    }
  }
  const variables: VariableState[] = [];
  for (const {name} of weights) {
    const [, index, group, variable, kind] = VARIABLE_NAME.exec(name) ?? [];
    if (kind !== 'parameter') continue;
    const shape = byName[name]!.shape.slice(1), path = name.slice(0, -'/parameter'.length);
    if (variables[Number(index)] !== undefined) fail('every variable once', `variable ${index} twice`);
    if (Number(group) >= numGroups) fail(`'${name}' in one of ${numGroups} groups`, group!);
    variables[Number(index)] = {
      name: variable!, group: Number(group), shape,
      slots: Float32Array.from(await read(name, [sizes.parameter, ...shape])), tensorSlots: Float32Array.from(await read(`${path}/tensor`, [sizes.tensor])),
    };
  }
  for (const {name} of weights) if (!used.has(name)) fail('no further entries', `'${name}'`);
  for (let i = 0; i < numVariables; i++) if (variables[i] === undefined) fail(`entries of variable ${i}`, 'none');
  if (variables.length > numVariables) fail(`entries of ${numVariables} variables`, `those of variable ${variables.length - 1}`);
  return {theta, iterations: iterations!, skippedSteps, groups, variables};
}

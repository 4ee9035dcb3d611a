import {existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CHECKPOINT_NAME, decodeCheckpoint} from '../../meta/checkpoint.js';
import type {MetaFitHistory} from '../../meta/meta-fit-result.js';
import {formatNumber} from '../../report/format.js';
import {ruleInfo, ruleOfSize} from '../../rules/registry.js';
import {hashTheta} from '../../theta/theta-file.js';
import {isRecord} from '../../theta/theta-format.js';
import {loadTheta} from '../../theta/theta-io.js';
import {L2OError} from '../../errors.js';
import {readRun, RUN_FILES} from '../meta-fit/run-folder.js';

/** What a theta file holds. */
interface ThetaInfo {
  readonly kind: 'theta';
  readonly source: string;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly hash: string;
  readonly numWeights: number;
  readonly weightBytes: number;
  /** What was saved with it, by name; JSON where it is some. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What the folder of a meta-training holds. */
interface RunInfo {
  readonly kind: 'checkpoint';
  readonly source: string;
  readonly checkpointBytes: number;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly numWeights: number;
  readonly outerStep: number;
  readonly innerSteps: number;
  readonly numPairs: number;
  readonly diverged: number;
  readonly best: {readonly hash: string; readonly heldOut: number; readonly outerStep: number};
  readonly history: HistorySummary;
  /** Options of the run, where the command line started it. */
  readonly options: Readonly<Record<string, unknown>> | null;
}

/** A history in a few numbers; null where there is none yet. */
interface HistorySummary {
  readonly firstHeldOut: number | null;
  readonly lastHeldOut: number | null;
  readonly judgements: number;
  readonly firstMetaLoss: number | null;
  readonly lastMetaLoss: number | null;
}

/** Outer steps that a meta-loss of the summary is the mean of. */
const SUMMARY_STEPS = 20;

/**
 * Runs `tfjs-l2o info`.
 *
 * @throws L2OError where the file cannot be read, or is neither a theta nor a checkpoint.
 */
export async function infoCommand({file, json}: {readonly file: string; readonly json: boolean}, print: (text: string) => void): Promise<void> {
  const checkpoint = checkpointFile(file);
  const info = checkpoint === undefined ? await thetaInfo(file) : runInfo(file, checkpoint);
  print(json ? `${JSON.stringify({command: 'info', ...info})}\n` : textOf(info));
}

/** The checkpoint that is meant, if it is one: the file itself, or the one in the folder. */
function checkpointFile(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  if (!statSync(file).isDirectory()) return file.endsWith(CHECKPOINT_NAME) ? file : undefined;
  const inside = join(file, CHECKPOINT_NAME);
  if (existsSync(inside)) return inside;
  if (!existsSync(join(file, 'model.json'))) {
    throw new L2OError('INVALID_ARGUMENT', `'${file}': expected a folder with a ${CHECKPOINT_NAME} or a model.json, got neither. Pass a theta file, or the folder of a meta-training.`);
  }
  return undefined;
}

async function thetaInfo(source: string): Promise<ThetaInfo> {
  const {theta, metadata} = await loadTheta(source), {rule, ruleVersion, hash, values} = theta;
  return {
    kind: 'theta', source, rule, ruleVersion, hash, numWeights: values.length, weightBytes: values.byteLength,
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, jsonOr(text)])),
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function runInfo(source: string, file: string): RunInfo {
  const bytes = readFileSync(file), {outer, best, pairs, diverged, history} = decodeCheckpoint(bytes, undefined, file);
  const name = ruleOfSize(best.theta.length);
  if (name === undefined) throw new L2OError('CORRUPT_FILE', `'${file}': expected as many weights as a rule of this version has, got ${best.theta.length}. Use the tfjs-l2o that wrote it.`);
  const theta = {rule: name, ruleVersion: ruleInfo(name).version, values: best.theta};
  const isFolder = file !== source && existsSync(join(source, RUN_FILES.run));
  return {
    kind: 'checkpoint', source, checkpointBytes: bytes.length, rule: theta.rule, ruleVersion: theta.ruleVersion, numWeights: outer.theta.length, outerStep: outer.outerStep, innerSteps: outer.innerSteps,
    numPairs: pairs.length, diverged, best: {hash: hashTheta(theta), heldOut: best.score, outerStep: best.outerStep},
    history: summarise(history), options: isFolder ? readRun(source).options : null,
  };
}

function summarise(history: readonly MetaFitHistory[]): HistorySummary {
  const heldOut = history.flatMap((entry) => entry.heldOut ?? []), metaLoss = history.flatMap((entry) => entry.metaLoss ?? []);
  const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length);
  return {
    firstHeldOut: heldOut[0] ?? null, lastHeldOut: heldOut.at(-1) ?? null, judgements: heldOut.length,
    firstMetaLoss: mean(metaLoss.slice(0, SUMMARY_STEPS)), lastMetaLoss: mean(metaLoss.slice(-SUMMARY_STEPS)),
  };
}

function textOf(info: ThetaInfo | RunInfo): string {
  const lines = info.kind === 'theta' ? thetaLines(info) : runLines(info);
  const width = Math.max(...lines.map(([name]) => name.length));
  return `${info.source}: ${info.kind === 'theta' ? 'a theta' : 'a meta-training'}\n${lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}`;
}

type Line = readonly [name: string, value: string];

function thetaLines({rule, ruleVersion, hash, numWeights, weightBytes, metadata}: ThetaInfo): Line[] {
  return [['rule', `${rule}, version ${ruleVersion}`], ['hash', hash], ['weights', `${numWeights} (${weightBytes} bytes)`], ...flatLines(metadata)];
}

function runLines({checkpointBytes, rule, ruleVersion, numWeights, outerStep, innerSteps, numPairs, diverged, best, history, options}: RunInfo): Line[] {
  const {firstHeldOut, lastHeldOut, judgements, firstMetaLoss, lastMetaLoss} = history;
  const change = (first: number | null, last: number | null): string => (first === null || last === null ? 'none yet' : `${formatNumber(first)} at first, ${formatNumber(last)} at last`);
  const total = options?.numOuterSteps;
  return [
    ['outer steps', `${outerStep}${typeof total === 'number' ? ` of ${total}` : ''}`], ['inner steps', String(innerSteps)], ['diverged rollouts', String(diverged)],
    ['best theta', `${best.hash}, of outer step ${best.outerStep}, held-out score ${formatNumber(best.heldOut)}`],
    ['held-out score', `${change(firstHeldOut, lastHeldOut)} (${judgements} judgements; lower is better)`], ['meta-loss', change(firstMetaLoss, lastMetaLoss)],
    ['rule', `${rule}, version ${ruleVersion}, ${numWeights} weights`], ['pairs', String(numPairs)], ['checkpoint', `${checkpointBytes} bytes`], ...(options === null ? [] : flatLines(options)),
  ];
}

/** One line an entry, nested ones by their paths. */
function flatLines(entries: Readonly<Record<string, unknown>>, path = ''): Line[] {
  return Object.entries(entries).flatMap(([name, value]): Line[] => {
    if (isRecord(value)) return flatLines(value, `${path}${name}.`);
    return value === null ? [] : [[`${path}${name}`, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}

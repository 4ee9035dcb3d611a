import {version_core} from '@tensorflow/tfjs-core';
import {cpus, loadavg} from 'node:os';
import {CONTENDERS, type Contender} from '../measures/contenders.js';
import {measureMemory, type MemoryUse} from '../measures/memory.js';
import {measureModel, type ModelCost} from '../measures/model-step.js';
import {MODELS, type ModelName} from '../measures/models.js';
import {measureRoofline, type Roofline} from '../measures/roofline.js';
import type {StartCost} from '../measures/start.js';
import {measureStep, type StepCost, type StepSize} from '../measures/step-cost.js';
import {measureTrainingKernels} from '../measures/training-kernels.js';
import {importInProcess, isBuilt, startInProcess} from '../start/processes.js';
import {forEachBackend, NODE_BACKENDS, type BackendName} from '../support/backends.js';
import {DEVICE, forEachPage, PAGE_NAMES, type PageName, type PageOpener} from '../support/chromium.js';
import {readHeap} from '../support/heap.js';
import {median, toDecimals, toDigits} from '../support/numbers.js';
import {takeTurns, type Effort} from '../support/turns.js';
import type {TestPage} from '../../test/support/browser.js';
import {PARTS_BY_BACKEND, type BenchResults, type ImportCost, type LeftOut, type Part, type Place, type StartRow} from './results.js';

/** What {@link measureAll} is to measure, and how long. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly places: readonly Place[];
  /** For each figure. */
  readonly seconds: number;
  /** Rounds of each figure, even if they take longer. */
  readonly minRounds: number;
  /** Larger sizes are left out. */
  readonly maxParams: number;
  /** Told what is being measured. */
  readonly onProgress: (message: string) => void;
}

/** Parameters in all, and the number of variables that they are spread over. */
const STEP_SIZES: readonly StepSize[] = [
  ...[10_000, 100_000, 1_000_000, 10_000_000].flatMap(numParams => [1, 50].map(numVariables => ({numParams, numVariables}))),
  {numParams: 100_000, numVariables: 500},
];
const MEMORY_SIZES: readonly StepSize[] = [{numParams: 1_000_000, numVariables: 1}, {numParams: 100_000, numVariables: 50}];
/** A figure that takes this long is left with the rounds that it has. */
const MAX_SECONDS = 12;
/** New processes and pages cost seconds each. */
const MAX_STARTS = 5;

/** Where one backend is: in this process, or in a page. */
interface Site {
  readonly place: Place;
  step(size: StepSize, effort: Effort): Promise<StepCost>;
  model(name: ModelName, effort: Effort): Promise<ModelCost>;
  memory(contender: Contender, size: StepSize): Promise<MemoryUse>;
  start(contender: Contender): Promise<StartCost>;
}

function siteInNode(place: BackendName): Site {
  return {
    place, step: measureStep, model: measureModel, memory: (contender, size) => measureMemory(contender, size, readHeap), start: contender => startInProcess(place, contender),
  };
}

function siteInPage(place: PageName, page: TestPage, open: PageOpener): Site {
  return {
    place, step: (...args) => page.run('measureStep', ...args), model: (...args) => page.run('measureModel', ...args), memory: (...args) => page.run('measureMemory', ...args),
    start: async contender => {
      const fresh = await open();
      try {
        return await fresh.run('measureStart', contender);
      } finally {
        await fresh.close();
      }
    },
  };
}

/** Measures all that was asked for, backend by backend. */
export async function measureAll({parts, places, seconds, minRounds, maxParams, onProgress}: BenchOptions): Promise<BenchResults> {
  const effort: Effort = {seconds, minRounds, maxSeconds: MAX_SECONDS, warmUpRounds: 1}, numStarts = Math.min(minRounds, MAX_STARTS);
  const small = ({numParams}: StepSize): boolean => numParams <= maxParams, load = [...loadavg()];
  const rows: Array<BenchResults['rows'][number]> = [], models: Array<BenchResults['models'][number]> = [], memory: Array<BenchResults['memory'][number]> = [];
  const start: StartRow[] = [], leftOut: LeftOut[] = [];
  const visit = async (site: Site): Promise<void> => {
    const backend = site.place;
    // Memory first: the others leave grown heaps behind.
    if (parts.includes('memory')) {
      onProgress(`${backend}: memory`);
      for (const size of MEMORY_SIZES.filter(small)) for (const contender of CONTENDERS) memory.push({backend, ...await site.memory(contender, size)});
    }
    if (parts.includes('start')) {
      onProgress(`${backend}: start`);
      start.push({backend, ...await measureStarts(contender => site.start(contender), numStarts)});
    }
    if (parts.includes('models')) {
      for (const name of Object.keys(MODELS) as ModelName[]) {
        onProgress(`${backend}: ${name}`);
        models.push({backend, ...await site.model(name, effort)});
      }
    }
    if (parts.includes('step')) {
      for (const size of STEP_SIZES.filter(small)) {
        onProgress(`${backend}: step of ${size.numParams} parameters in ${size.numVariables}`);
        rows.push({backend, ...await site.step(size, effort)});
      }
    }
  };
  const onBackends = PARTS_BY_BACKEND.filter(part => parts.includes(part)), isVisited = (place: Place): boolean => onBackends.length > 0 && places.includes(place);
  const inNode = NODE_BACKENDS.filter(isVisited), inPages = PAGE_NAMES.filter(isVisited);
  for (const why of await forEachBackend(inNode, name => visit(siteInNode(name)))) leftOut.push(...onBackends.map((part): LeftOut => ({part, backend: 'node', why})));
  const browser = inPages.length === 0 ? undefined : await forEachPage(inPages, (name, page, open) => visit(siteInPage(name, page, open)));
  if (parts.includes('step') && STEP_SIZES.some(size => !small(size))) leftOut.push({part: 'step', why: `more than ${maxParams} parameters: --max-params`});
  if (parts.includes('memory') && MEMORY_SIZES.some(size => !small(size))) leftOut.push({part: 'memory', why: `more than ${maxParams} parameters: --max-params`});

  let importing: ImportCost | undefined, roofline: Roofline | undefined;
  if (parts.includes('import')) {
    onProgress('import');
    if (isBuilt()) importing = await measureImports(numStarts);
    else leftOut.push({part: 'import', why: 'dist/index.js is not there (npm run build)'});
  }
  if (parts.includes('roofline')) {
    onProgress('roofline');
    try {
      roofline = await measureRoofline(seconds, maxParams);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      leftOut.push({part: 'roofline', why: 'clang-19 is not installed (bash scripts/setup-toolchain.sh)'});
    }
  }
  if (parts.includes('training-kernels')) onProgress('training-kernels');
  const trainingKernels = parts.includes('training-kernels') ? await measureTrainingKernels(Math.min(3, minRounds)) : undefined;
  const {model} = cpus()[0]!;
  return {
    node: process.version, tfjs: version_core, ...(browser !== undefined && {browser, device: DEVICE}), machine: `${model.trim()}, ${cpus().length} cores`,
    load: [toDecimals(load[0]!, 1), toDecimals(loadavg()[0]!, 1)], seconds, leftOut, rows, models, memory, start,
    ...(importing !== undefined && {import: importing}), ...(roofline !== undefined && {roofline}), ...(trainingKernels !== undefined && {trainingKernels}),
  };
}

/** Medians over new processes or pages, ours and Adam's in turn. */
async function measureStarts(startOf: (contender: Contender) => Promise<StartCost>, runs: number): Promise<Omit<StartRow, 'backend'>> {
  const [ours, adam] = await takeTurns((['learned', 'adam'] as const).map(contender => () => startOf(contender)), {seconds: 0, maxSeconds: Infinity, minRounds: runs});
  const ms = (costs: readonly StartCost[], key: keyof StartCost): number => toDigits(median(costs.map(cost => cost[key])), 3);
  return {
    constructionMs: ms(ours!, 'constructionMs'), firstStepMs: ms(ours!, 'firstStepMs'),
    adamConstructionMs: ms(adam!, 'constructionMs'), adamFirstStepMs: ms(adam!, 'firstStepMs'), runs,
  };
}

async function measureImports(runs: number): Promise<ImportCost> {
  const [times] = await takeTurns([importInProcess], {seconds: 0, minRounds: runs});
  return {packageMs: toDigits(median(times!.map(time => time.packageMs)), 3), tfjsMs: toDigits(median(times!.map(time => time.tfjsMs)), 3), runs};
}

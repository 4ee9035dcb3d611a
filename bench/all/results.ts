import type {MemoryUse} from '../measures/memory.js';
import type {ModelCost} from '../measures/model-step.js';
import type {Roofline} from '../measures/roofline.js';
import type {StepCost} from '../measures/step-cost.js';
import type {TrainingKernelsCost} from '../measures/training-kernels.js';
import {NODE_BACKENDS, type BackendName} from '../support/backends.js';
import {PAGE_NAMES, type PageName} from '../support/chromium.js';

/** What is measured on each backend. */
export const PARTS_BY_BACKEND = ['step', 'models', 'memory', 'start'] as const;
/** All that can be measured. */
export const PARTS = [...PARTS_BY_BACKEND, 'import', 'roofline', 'training-kernels'] as const;
export type Part = (typeof PARTS)[number];

/** A backend of Node, or of a page in headless Chromium. */
export type Place = BackendName | PageName;
/** All of them, in the order in which they are measured and shown. */
export const PLACES: readonly Place[] = [...NODE_BACKENDS, ...PAGE_NAMES];

interface OnBackend {
  readonly backend: Place;
}

/** Until the first step is made, in milliseconds: medians over `runs` new processes or pages. */
export interface StartRow extends OnBackend {
  readonly constructionMs: number;
  readonly firstStepMs: number;
  readonly adamConstructionMs: number;
  readonly adamFirstStepMs: number;
  readonly runs: number;
}

/** Medians over `runs` new processes, in milliseconds. */
export interface ImportCost {
  readonly packageMs: number;
  /** Of tfjs-core, tfjs-layers and the cpu backend, before. */
  readonly tfjsMs: number;
  readonly runs: number;
}

/** A figure that was asked for and is not there. */
export interface LeftOut {
  readonly part: Part;
  readonly backend?: Place;
  readonly why: string;
}

/** What `npm run bench` measures. */
export interface BenchResults {
  readonly node: string;
  readonly tfjs: string;
  /** Chromium's version, and what its GPU backends computed on. */
  readonly browser?: string;
  readonly device?: string;
  /** Processor and number of cores. */
  readonly machine: string;
  /** Processes that wanted a core, on average of the last minute, when measuring began and when it ended. */
  readonly load: readonly [number, number];
  /** For each figure. */
  readonly seconds: number;
  readonly leftOut: readonly LeftOut[];
  /** Steps; keys as those of `bench:step`, and more. */
  readonly rows: ReadonlyArray<StepCost & OnBackend>;
  readonly models: ReadonlyArray<ModelCost & OnBackend>;
  readonly memory: ReadonlyArray<MemoryUse & OnBackend>;
  readonly start: readonly StartRow[];
  readonly import?: ImportCost;
  readonly roofline?: Roofline;
  readonly trainingKernels?: TrainingKernelsCost;
}

/** `results` with the figures of `parts` on `places` put in the place of those that `old` has, and all else as in `old`. */
export function mergeResults(old: BenchResults, results: BenchResults, parts: readonly Part[], places: readonly Place[]): BenchResults {
  const isNew = (part: Part, place: Place | undefined): boolean => parts.includes(part) && (place === undefined || places.includes(place));
  const merge = <Row extends OnBackend>(part: Part, kept: readonly Row[], added: readonly Row[]): Row[] => {
    const rows = [...kept.filter(row => !isNew(part, row.backend)), ...added];
    return PLACES.flatMap(place => rows.filter(row => row.backend === place));
  };
  return {
    ...old, ...results,
    leftOut: [...old.leftOut.filter(({part, backend}) => !isNew(part, backend)), ...results.leftOut],
    rows: merge('step', old.rows, results.rows), models: merge('models', old.models, results.models),
    memory: merge('memory', old.memory, results.memory), start: merge('start', old.start, results.start),
  };
}

/** Pieces of the study that can be made in any order and in any process; what they make is kept in the records. */
import type {RuleName} from '../../src/rules/registry.js';
import {judgeCell, startTheta} from './cells.js';
import {linkSolutions} from './link-study.js';
import type {Cell, Plan} from './protocol.js';
import type {Records} from './records.js';
import type {SuiteName} from './tasks.js';

/** One piece. Cells of a rule and seed need their start, and make it themselves where it is missing. */
export type Job =
  | {readonly kind: 'start'; readonly rule: RuleName; readonly metaSeed: number}
  | {readonly kind: 'cell'; readonly cell: Cell; readonly suite: SuiteName}
  | {readonly kind: 'link'; readonly seed: number};

/** Does a piece, or nothing where it is done. */
export async function doJob(job: Job, records: Records, plan: Plan): Promise<void> {
  switch (job.kind) {
    case 'start': await startTheta(records, job.rule, job.metaSeed, plan); break;
    case 'cell': await judgeCell(records, job.cell, job.suite, plan); break;
    case 'link': linkSolutions(records, job.seed); break;
  }
}

/** In a few words. */
export function describeJob(job: Job): string {
  switch (job.kind) {
    case 'start': return `${job.rule}, start, seed ${job.metaSeed}`;
    case 'cell': return `${job.cell.rule}, ${job.cell.measure} ${job.cell.strength}, seed ${job.cell.metaSeed}, ${job.suite}`;
    case 'link': return `link study, seed ${job.seed}`;
  }
}

/** The starts that cells need, then the cells. */
export function jobsOf(cells: readonly Cell[], suite: SuiteName): Job[][] {
  const starts = new Map(cells.map(({rule, metaSeed}) => [`${rule} ${metaSeed}`, {kind: 'start', rule, metaSeed} as const]));
  return [[...starts.values()], cells.map(cell => ({kind: 'cell', cell, suite}))];
}

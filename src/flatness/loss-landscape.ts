import type {Random} from '../random.js';
import type {LossProbe} from './loss-probe.js';
import {relativeScales} from './neighbourhood.js';

/** The loss over a plane through the parameters. */
export interface LossLandscape {
  /** Steps along both directions, evenly spaced around 0; 1 is as far as each filter is long. */
  readonly steps: readonly number[];
  /** `losses[i][j]` at the step i of the second direction and j of the first; may be non-finite. */
  readonly losses: readonly (readonly number[])[];
}

/** Which plane, and how finely. */
export interface LandscapeSettings {
  /** Points along each side, an odd integer ≥ 3, so that the parameters themselves are one. */
  readonly points: number;
  /** Largest step, > 0. */
  readonly extent: number;
}

/**
 * The loss on a plane through the parameters along two random directions, filter-normalised: each filter of a direction is as long as
 * that of the parameters, and tensors of fewer than two dimensions stay as they are. Costs `points`² losses.
 *
 * @param beforeRow Awaited before each row.
 * @see Li et al. (2018), "Visualizing the loss landscape of neural nets", arXiv 1712.09913, section 4.
 */
export async function lossLandscape(probe: LossProbe, random: Random, {points, extent}: LandscapeSettings, beforeRow: () => Promise<void>): Promise<LossLandscape> {
  const origin = probe.parameters(), across = filterNormalised(origin, probe.shapes, random), up = filterNormalised(origin, probe.shapes, random);
  const steps = Array.from({length: points}, (_, i) => extent * (2 * i / (points - 1) - 1)), losses: number[][] = [];
  for (const b of steps) {
    await beforeRow();
    losses.push(steps.map(a => probe.loss(origin.map((x, i) => x + a * across[i]! + b * up[i]!))));
  }
  return {steps, losses};
}

/** A random direction whose filters are as long as those of the parameters. */
function filterNormalised(origin: Float32Array, shapes: LossProbe['shapes'], random: Random): Float32Array {
  const direction = random.normals(origin.length), lengths = relativeScales(origin, shapes, 'filter'), own = relativeScales(direction, shapes, 'filter');
  let start = 0;
  for (const shape of shapes) {
    const size = shape.reduce((product, n) => product * n, 1);
    for (let i = start; i < start + size; i++) direction[i]! *= shape.length < 2 ? 0 : lengths[i]! / own[i]!;
    start += size;
  }
  return direction;
}

import {escapeHtml} from './html.js';
import {isDrawable, scaleFor, type Scale, type ScaleType} from './scale.js';

/** What {@link contourMap} draws. */
export interface ContourMapOptions {
  /** What the map shows, in one line: read out by screen readers. */
  readonly title: string;
  /** At least two ascending, evenly spaced places along each axis. */
  readonly x: {readonly label: string; readonly places: readonly number[]};
  readonly y: {readonly label: string; readonly places: readonly number[]};
  readonly value: {readonly label: string; readonly type?: ScaleType};
  /** `values[i][j]` at `y.places[i]` and `x.places[j]`. */
  readonly values: readonly (readonly number[])[];
  /** A place to mark, such as where something was measured. */
  readonly mark?: {readonly x: number; readonly y: number};
  /** In pixels, default 640. */
  readonly width?: number;
}

/** Dark to light, evenly in perceived lightness (viridis), so that it reads without colours too. */
const PALETTE = ['#440154', '#472d7b', '#3b528b', '#2c728e', '#21918c', '#28ae80', '#5ec962', '#addc30', '#fde725'];
const MARGIN = {top: 16, right: 130, bottom: 52, left: 64};
const BAR = {gap: 24, width: 16, pieces: 48};

/**
 * A map of values over a grid as an SVG element: a coloured cell around each place, contour lines between them, and a bar that says which
 * colour is which value. Values that have no place on the scale (not finite, or not positive where it is logarithmic) leave a hole.
 *
 * @returns Well-formed XML; every text is escaped.
 */
export function contourMap({title, x, y, value, values, mark, width = 640}: ContourMapOptions): string {
  const type = value.type ?? 'linear', side = width - MARGIN.left - MARGIN.right, height = side + MARGIN.top + MARGIN.bottom;
  const colors = scaleFor(values.flat(), type, 7);
  const across = axisOf(x.places), up = axisOf(y.places);
  const place = {x: (at: number): number => MARGIN.left + side * across.position(at), y: (at: number): number => MARGIN.top + side * (1 - up.position(at))};
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 ${width} ${height}" ` +
      `aria-label="${escapeHtml(title)}" font-family="system-ui, sans-serif" font-size="13" fill="currentColor">`,
    `<title>${escapeHtml(title)}</title>`,
    cells(values, type, colors, side),
    ...colors.ticks.map((tick) => contour(values, type, tick.value, x.places, y.places, place)),
    axis(across, x.label, (at) => ({x: place.x(at), y: MARGIN.top + side}), true, side),
    axis(up, y.label, (at) => ({x: MARGIN.left, y: place.y(at)}), false, side),
    colorBar(colors, value.label, MARGIN.left + side + BAR.gap, side),
    mark === undefined ? '' : `<path d="M${pixel(place.x(mark.x) - 6)} ${pixel(place.y(mark.y))}h12m-6 -6v12" stroke="#ffffff" stroke-width="2.4"/>`,
    '</svg>',
  ].filter((part) => part !== '').join('\n');
}

interface Axis {
  /** From 0 at the lower edge of the first cell to 1 at the upper edge of the last. */
  position(value: number): number;
  readonly ticks: Scale['ticks'];
}

function axisOf(places: readonly number[]): Axis {
  const first = places[0]!, last = places[places.length - 1]!, cell = (last - first) / (places.length - 1);
  const ticks = scaleFor([first, last], 'linear', 6).ticks.filter(({value}) => value >= first - cell / 2 && value <= last + cell / 2);
  return {ticks, position: (value) => (value - first + cell / 2) / (last - first + cell)};
}

function cells(values: ContourMapOptions['values'], type: ScaleType, colors: Scale, side: number): string {
  const numRows = values.length;
  return values.flatMap((row, i) => row.map((value, j) => {
    if (!isDrawable(value, type)) return '';
    const left = pixel(MARGIN.left + side * j / row.length), right = pixel(MARGIN.left + side * (j + 1) / row.length);
    const top = pixel(MARGIN.top + side * (numRows - 1 - i) / numRows), bottom = pixel(MARGIN.top + side * (numRows - i) / numRows);
    // Half a pixel of overlap, so that no seams show.
    return `<path d="M${left} ${top}H${pixel(right + 0.5)}V${pixel(bottom + 0.5)}H${left}Z" fill="${colorAt(colors.position(value))}"/>`;
  })).filter((cell) => cell !== '').join('\n');
}

/** The line along which the values, interpolated on each edge of the grid, are `level` (marching squares). */
function contour(
  values: ContourMapOptions['values'], type: ScaleType, level: number, xs: readonly number[], ys: readonly number[],
  place: {x(at: number): number; y(at: number): number},
): string {
  const height = (value: number): number => (type === 'log' ? Math.log(value) : value), at = height(level), parts: string[] = [];
  for (let i = 0; i + 1 < ys.length; i++) {
    for (let j = 0; j + 1 < xs.length; j++) {
      // Corners in turn around the square.
      const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]] as const;
      const heights = corners.map(([row, column]) => height(values[row]![column]!));
      if (!heights.every(Number.isFinite)) continue;
      const crossings = corners.flatMap(([row, column], k) => {
        const from = heights[k]!, to = heights[(k + 1) % 4]!, [nextRow, nextColumn] = corners[(k + 1) % 4]!;
        if ((from < at) === (to < at)) return [];
        const share = (at - from) / (to - from);
        return [`${pixel(place.x(xs[column]! + share * (xs[nextColumn]! - xs[column]!)))} ${pixel(place.y(ys[row]! + share * (ys[nextRow]! - ys[row]!)))}`];
      });
      for (let k = 0; k + 1 < crossings.length; k += 2) parts.push(`M${crossings[k]!}L${crossings[k + 1]!}`);
    }
  }
  return parts.length === 0 ? '' : `<path d="${parts.join('')}" fill="none" stroke="#ffffff" stroke-opacity="0.55"/>`;
}

function axis({ticks}: Axis, label: string, at: (value: number) => {x: number; y: number}, isBottom: boolean, side: number): string {
  const texts = ticks.map(({value, label: text}) => {
    const {x, y} = at(value);
    return isBottom
      ? `<text x="${pixel(x)}" y="${pixel(y + 18)}" text-anchor="middle">${escapeHtml(text)}</text>`
      : `<text x="${pixel(x - 8)}" y="${pixel(y)}" dy="0.35em" text-anchor="end">${escapeHtml(text)}</text>`;
  });
  const middle = side / 2;
  texts.push(isBottom
    ? `<text x="${pixel(MARGIN.left + middle)}" y="${pixel(MARGIN.top + side + 42)}" text-anchor="middle">${escapeHtml(label)}</text>`
    : `<text transform="translate(16 ${pixel(MARGIN.top + middle)}) rotate(-90)" text-anchor="middle">${escapeHtml(label)}</text>`);
  return texts.join('\n');
}

function colorBar(colors: Scale, label: string, left: number, side: number): string {
  const top = (share: number): number => pixel(MARGIN.top + side * (1 - share));
  const pieces = Array.from({length: BAR.pieces}, (_, k) =>
    `<path d="M${left} ${top((k + 1) / BAR.pieces)}h${BAR.width}V${pixel(top(k / BAR.pieces) + 0.5)}H${left}Z" fill="${colorAt((k + 0.5) / BAR.pieces)}"/>`);
  const ticks = colors.ticks.filter(({label: text}) => text !== '').map(({value, label: text}) =>
    `<text x="${left + BAR.width + 6}" y="${top(colors.position(value))}" dy="0.35em">${escapeHtml(text)}</text>`);
  const name = `<text transform="translate(${left + BAR.width + 58} ${pixel(MARGIN.top + side / 2)}) rotate(90)" text-anchor="middle">${escapeHtml(label)}</text>`;
  return [...pieces, ...ticks, name].join('\n');
}

/** A colour of the palette, from 0 to 1, mixed between neighbours. */
function colorAt(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (PALETTE.length - 1), low = Math.min(PALETTE.length - 2, Math.floor(at));
  const channel = (color: string, k: number): number => parseInt(color.slice(1 + 2 * k, 3 + 2 * k), 16);
  const mixed = [0, 1, 2].map((k) => Math.round(channel(PALETTE[low]!, k) * (low + 1 - at) + channel(PALETTE[low + 1]!, k) * (at - low)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

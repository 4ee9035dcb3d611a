import {escapeHtml} from './html.js';
import {isDrawable, scaleFor, type Scale, type ScaleType} from './scale.js';

/** A point of a line. */
export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of the band around the point; both or neither. */
  readonly low?: number;
  readonly high?: number;
}

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** In the order they are joined. */
  readonly points: readonly ChartPoint[];
}

/** A horizontal axis or a vertical one. */
export interface ChartAxis {
  readonly label: string;
  /** Default 'linear'. */
  readonly type?: ScaleType;
}

/** What {@link lineChart} draws. */
export interface LineChartOptions {
  /** What the chart shows, in one line: read out by screen readers. */
  readonly title: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
  /** In pixels, default 760. */
  readonly width?: number;
  /** In pixels, default 400. */
  readonly height?: number;
  /** Marks every point with a dot; default false, where only points without a neighbour get one. */
  readonly dots?: boolean;
}

/** Told apart by colour-blind readers (Okabe and Ito) and overridable by the page, which knows light from dark. */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const DASHES = ['none', '7 4', '2 3', '10 3 2 3', '5 2', '1 2'];
const MARGIN = {top: 12, right: 16, bottom: 48, left: 76};
const LEGEND_LINE = 22;

/**
 * A line chart as an SVG element, to be put into an HTML page as it is.
 *
 * Points that have no place on an axis (not finite, or not positive where it is logarithmic) leave a gap. Colours follow
 * the page: text is `currentColor`, line i is the CSS variable `--series-i` (from 1) where the page sets one.
 *
 * @returns Well-formed XML; every text is escaped.
 */
export function lineChart({title, x, y, series, width = 760, height = 400, dots = false}: LineChartOptions): string {
  const xType = x.type ?? 'linear', yType = y.type ?? 'linear';
  const drawable = series.map((line) => line.points.filter((p) => isDrawable(p.x, xType) && isDrawable(p.y, yType)));
  const xScale = scaleFor(drawable.flat().map((p) => p.x), xType, 8);
  const yScale = scaleFor(drawable.flat().flatMap((p) => [p.y, p.low ?? NaN, p.high ?? NaN]), yType, 6);
  const legend = legendRows(series, width);
  const frame: Frame = {
    left: MARGIN.left,
    right: width - MARGIN.right,
    top: MARGIN.top + legend.numRows * LEGEND_LINE,
    bottom: height - MARGIN.bottom,
  };
  const place: Place = {
    x: (value) => frame.left + xScale.position(value) * (frame.right - frame.left),
    y: (value) => frame.bottom - yScale.position(value) * (frame.bottom - frame.top),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 ${width} ${height}" ` +
      `aria-label="${escapeHtml(title)}" font-family="system-ui, sans-serif" font-size="13" fill="currentColor">`,
    `<title>${escapeHtml(title)}</title>`,
    axes(frame, place, xScale, yScale, x.label, y.label),
    ...series.map((line, i) => band(line.points, i, place, xType, yType)),
    ...series.map((line, i) => linePath(line.points, i, place, xType, yType, dots)),
    legend.svg,
    drawable.flat().length === 0 ? emptyNote(frame) : '',
    '</svg>',
  ].filter((part) => part !== '').join('\n');
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Place {
  x(value: number): number;
  y(value: number): number;
}

function axes(frame: Frame, place: Place, xScale: Scale, yScale: Scale, xLabel: string, yLabel: string): string {
  const parts: string[] = [];
  for (const {value, label} of xScale.ticks) {
    const at = pixel(place.x(value));
    parts.push(`<path d="M${at} ${frame.bottom}V${frame.top}" stroke="currentColor" stroke-opacity="${label ? 0.14 : 0.06}"/>`);
    if (label) parts.push(`<text x="${at}" y="${frame.bottom + 18}" text-anchor="middle">${escapeHtml(label)}</text>`);
  }
  for (const {value, label} of yScale.ticks) {
    const at = pixel(place.y(value));
    parts.push(`<path d="M${frame.left} ${at}H${frame.right}" stroke="currentColor" stroke-opacity="${label ? 0.14 : 0.06}"/>`);
    if (label) parts.push(`<text x="${frame.left - 8}" y="${at}" dy="0.35em" text-anchor="end">${escapeHtml(label)}</text>`);
  }
  const middle = {x: pixel((frame.left + frame.right) / 2), y: pixel((frame.top + frame.bottom) / 2)};
  parts.push(
    `<path d="M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}" fill="none" stroke="currentColor" stroke-opacity="0.6"/>`,
    `<text x="${middle.x}" y="${frame.bottom + 40}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text transform="translate(14 ${middle.y}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
  );
  return parts.join('\n');
}

function band(points: readonly ChartPoint[], index: number, place: Place, xType: ScaleType, yType: ScaleType): string {
  const hasBand = (p: ChartPoint): boolean =>
    isDrawable(p.x, xType) && isDrawable(p.low ?? NaN, yType) && isDrawable(p.high ?? NaN, yType);
  return runsOf(points, hasBand).filter((run) => run.length > 1).map((run) => {
    const upper = run.map((p) => `${pixel(place.x(p.x))} ${pixel(place.y(p.high!))}`);
    const lower = run.map((p) => `${pixel(place.x(p.x))} ${pixel(place.y(p.low!))}`).reverse();
    return `<path d="M${[...upper, ...lower].join('L')}Z" style="fill:${color(index)}" fill-opacity="0.16"/>`;
  }).join('\n');
}

function linePath(
  points: readonly ChartPoint[], index: number, place: Place, xType: ScaleType, yType: ScaleType, dots: boolean,
): string {
  const parts: string[] = [];
  for (const run of runsOf(points, (p) => isDrawable(p.x, xType) && isDrawable(p.y, yType))) {
    const places = run.map((p) => ({x: pixel(place.x(p.x)), y: pixel(place.y(p.y))}));
    if (run.length > 1) parts.push(`<path d="M${places.map((p) => `${p.x} ${p.y}`).join('L')}" ${stroke(index)}/>`);
    if (dots || run.length === 1) {
      for (const p of places) parts.push(`<circle cx="${p.x}" cy="${p.y}" r="3.5" style="fill:${color(index)}"/>`);
    }
  }
  return parts.join('\n');
}

/** Splits `points` into the stretches of neighbours that all pass `test`. */
function runsOf(points: readonly ChartPoint[], test: (point: ChartPoint) => boolean): ChartPoint[][] {
  const runs: ChartPoint[][] = [[]];
  for (const point of points) {
    if (test(point)) runs[runs.length - 1]!.push(point);
    else if (runs[runs.length - 1]!.length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function legendRows(series: readonly ChartSeries[], width: number): {svg: string; numRows: number} {
  if (series.length < 2) return {svg: '', numRows: 0};
  const parts: string[] = [];
  let left = MARGIN.left, row = 0;
  series.forEach(({name}, i) => {
    // SVG cannot measure text; 7.8 pixels a character is generous for this font size.
    const itemWidth = 38 + name.length * 7.8 + 18;
    if (left > MARGIN.left && left + itemWidth > width) {
      left = MARGIN.left;
      row++;
    }
    const y = MARGIN.top + row * LEGEND_LINE;
    parts.push(
      `<path d="M${pixel(left)} ${y}h30" ${stroke(i)}/>`,
      `<text x="${pixel(left + 38)}" y="${y}" dy="0.35em">${escapeHtml(name)}</text>`,
    );
    left += itemWidth;
  });
  return {svg: parts.join('\n'), numRows: row + 1};
}

function emptyNote(frame: Frame): string {
  const x = pixel((frame.left + frame.right) / 2), y = pixel((frame.top + frame.bottom) / 2);
  return `<text x="${x}" y="${y}" text-anchor="middle">No values to draw</text>`;
}

function color(index: number): string {
  return `var(--series-${index + 1},${COLORS[index % COLORS.length]})`;
}

function stroke(index: number): string {
  const dash = DASHES[index % DASHES.length];
  return `style="stroke:${color(index)}" stroke-width="2.2" stroke-dasharray="${dash}" stroke-linejoin="round" fill="none"`;
}

function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

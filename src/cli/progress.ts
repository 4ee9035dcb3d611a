import {formatDuration} from '../report/format.js';

/** How far a job is. */
export interface Progress {
  /** What is being done now. */
  readonly phase: string;
  readonly stepsDone: number;
  /** May grow while the job runs. */
  readonly stepsTotal: number;
  /** Where the job knows better than the time gone says. */
  readonly secondsLeft?: number;
}

/** Where progress is written: the part of `process.stderr` that is needed. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows progress, and takes it away. */
export interface ProgressReporter {
  update(progress: Progress): void;
  /** Removes the live line, so that other output can follow. */
  clear(): void;
}

const LIVE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;
const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[2K';

/**
 * One live line where `stream` is a terminal; elsewhere a plain line every ten seconds.
 *
 * @param now Milliseconds; for tests.
 */
export function progressReporter(stream: ProgressStream, now: () => number = () => performance.now()): ProgressReporter {
  const isLive = stream.isTTY === true;
  const start = now();
  let last = isLive ? -Infinity : start;
  let isShown = false;
  return {
    update(progress) {
      const time = now();
      const isDone = progress.stepsDone >= progress.stepsTotal;
      if (!isDone && time - last < (isLive ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
      last = time;
      const line = progressLine(progress, (time - start) / 1000), columns = (stream.columns ?? 80) - 1;
      // The bar gives way to the words.
      const fitted = progressLine(progress, (time - start) / 1000, Math.max(0, BAR_WIDTH - Math.max(0, line.length - columns)));
      stream.write(isLive ? CLEAR_LINE + fitted.slice(0, columns) : `${line}\n`);
      isShown = isLive;
    },
    clear() {
      if (isShown) stream.write(CLEAR_LINE);
      isShown = false;
    },
  };
}

/** A bar, the share done, the time left and the phase, as in "█████░░░░░  50 %  12 s left  searching". */
export function progressLine({phase, stepsDone, stepsTotal, secondsLeft}: Progress, elapsedSeconds: number, barWidth = BAR_WIDTH): string {
  const share = stepsTotal > 0 ? Math.min(1, stepsDone / stepsTotal) : 1;
  const filled = Math.round(share * barWidth);
  const seconds = secondsLeft ?? (elapsedSeconds / share) * (1 - share);
  const left = Number.isFinite(seconds) ? `${formatDuration(seconds)} left` : 'estimating time left';
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${percent} %  ${left}  ${phase}`;
}

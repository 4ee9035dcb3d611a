import {createInterface} from 'node:readline';
import type {Timing} from './protocol.js';

/** Something to do. */
export interface Prepared<Found> {
  /** Does it once, to its end. */
  readonly act: () => void;
  /** What the answer tells of it. */
  readonly check: () => Found;
  readonly dispose: () => void;
}

const WARM_UP = 20;

/**
 * Answers lines of JSON on stdin, as `serve.py` does: after a line "ready", each says what to do and for how many seconds.
 * @param prepare Takes what to do as JSON.
 */
export async function serve<Found extends object>(prepare: (what: string) => Prepared<Found>, about: object): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`ready ${JSON.stringify(about)}`);
  let held: Prepared<Found> | undefined, prepared = '';
  for await (const line of createInterface({input: process.stdin})) {
    const {seconds, ...rest} = JSON.parse(line) as {seconds: number}, what = JSON.stringify(rest);
    if (held === undefined || prepared !== what) {
      held?.dispose();
      held = prepare(what);
      prepared = what;
      for (let i = 0; i < WARM_UP; i++) held.act();
    }
    const start = performance.now(), cpu = process.cpuUsage();
    let times = 0;
    do {
      held.act();
      times++;
    } while (performance.now() - start < 1000 * seconds);
    const {user, system} = process.cpuUsage(cpu), wallSeconds = (performance.now() - start) / 1000;
    say(JSON.stringify({times, wallSeconds, cpuSeconds: (user + system) / 1e6, ...held.check()} satisfies Timing & Found));
  }
}

import {Random} from '../../random.js';

/**
 * What a function drew from JavaScript's own generator, where TF.js gets the seeds of dropout and noise layers, to be drawn again:
 * so that a loss that is evaluated several times has the same masks each time, and draws no more than one evaluation does.
 */
export class RecordedRandomness {
  private readonly draws: number[] = [];

  /** Runs `f`, which must be synchronous, and records what it draws. */
  record<T>(f: () => T): T {
    const {draws} = this, own = Object.getOwnPropertyDescriptor(Math, 'random')!.value as () => number;
    return withRandom(() => {
      const draw = own();
      draws.push(draw);
      return draw;
    }, f);
  }

  /** Runs `f`, which must be synchronous; it draws what was recorded, and if it draws more, numbers of a generator of its own. */
  replay<T>(f: () => T): T {
    let next = 0, more: Random | undefined;
    return withRandom(() => this.draws[next++] ?? (more ??= new Random(next)).uniform(), f);
  }
}

function withRandom<T>(random: () => number, f: () => T): T {
  const own = Object.getOwnPropertyDescriptor(Math, 'random')!;
  Object.defineProperty(Math, 'random', {...own, value: random});
  try {
    return f();
  } finally {
    Object.defineProperty(Math, 'random', own);
  }
}

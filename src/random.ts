/** Where a {@link Random} stands: plain numbers, for checkpoints. */
export interface RandomState {
  readonly seed: number;
  /** The generator's four words. */
  readonly words: readonly [number, number, number, number];
  /** The second of a pair of normal numbers, where it is still to come. */
  readonly spare: number | null;
}

/**
 * A seeded pseudo-random generator (sfc32, seeded by splitmix32): the only source of randomness in this library.
 *
 * @example
 * const random = new Random(7);
 * const weights = random.normals(10);
 * const forData = random.fork('data'); // independent of how much `random` is used
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;
  private spare: number | undefined;

  /** @param seed Any integer from 0 to 2^32 - 1. */
  constructor(readonly seed: number) {
    let s = seed >>> 0;
    const next = (): number => {
      s = (s + 0x9e3779b9) >>> 0;
      return mix(s);
    };
    this.a = next();
    this.b = next();
    this.c = next();
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Where the generator stands, for {@link Random.from}. */
  state(): RandomState {
    return {seed: this.seed, words: [this.a, this.b, this.c, this.d], spare: this.spare ?? null};
  }

  /** A generator that goes on from a {@link Random.state}. */
  static from({seed, words, spare}: RandomState): Random {
    const random = new Random(seed);
    [random.a, random.b, random.c, random.d] = words;
    random.spare = spare ?? undefined;
    return random;
  }

  /** A generator of its own, that depends on this one's seed and on `label` alone. */
  fork(label: string | number): Random {
    let hash = mix(this.seed ^ 0x5bf03635);
    for (const char of String(label)) hash = mix(hash ^ char.charCodeAt(0));
    return new Random(hash);
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const t = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t | 0;
    return t >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.next() / 4294967296);
  }

  /** Uniform in the logarithm, in [low, high); both > 0. */
  logUniform(low: number, high: number): number {
    return Math.exp(this.uniform(Math.log(low), Math.log(high)));
  }

  /** An integer in [0, count). */
  integer(count: number): number {
    return Math.floor(this.uniform(0, count));
  }

  /** One of `items`. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== undefined) {
      const spare = this.spare;
      this.spare = undefined;
      return spare;
    }
    for (;;) {
      const u = this.uniform(-1, 1), v = this.uniform(-1, 1), s = u * u + v * v;
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        this.spare = v * scale;
        return u * scale;
      }
    }
  }

  /** `count` normal numbers of the given standard deviation. */
  normals(count: number, deviation = 1): Float32Array {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.normal() * deviation;
    return out;
  }

  /** The integers 0 … count - 1 in random order (Fisher-Yates). */
  permutation(count: number): Int32Array {
    const out = Int32Array.from({length: count}, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1), t = out[i]!;
      out[i] = out[j]!;
      out[j] = t;
    }
    return out;
  }
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

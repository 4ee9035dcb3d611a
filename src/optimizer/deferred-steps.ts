import {add, cast, keep, tidy, type Scalar} from '@tensorflow/tfjs-core';
import {assertKept, disposeKept} from '../kernel/dead-backend.js';

/** The latest step, while the host does not know whether it was made. */
interface Pending {
  readonly made: Scalar;
  /** What the asynchronous read brought, as soon as it has. */
  value: number | undefined;
  /** Throws where the device is lost, which a read may tell by a 0. */
  readonly assertLive: () => void;
}

/**
 * Steps of which the device decides whether they are made, because reading the verdict at once would wait for it: counted there
 * and read only when asked for.
 */
export class DeferredSteps {
  private count = 0;
  private made: Scalar | undefined;
  private assertLive: (() => void) | undefined;
  private pending: Pending | undefined;

  /** How many have been skipped. Waits for the device. @throws L2OError `ENVIRONMENT` where that is gone. */
  get skipped(): number {
    const {count, made} = this;
    if (made === undefined) return 0;
    this.assertThere(made);
    return count - made.dataSync()[0]!;
  }

  /** As {@link skipped}, and counts anew from 0. NaN where the device is gone: how many there were is not known then. */
  take(): number {
    try {
      return this.skipped;
    } catch {
      return NaN;
    } finally {
      this.dispose();
    }
  }

  /** A read of a device that is lost may give 0, or never end. */
  private assertThere(made: Scalar): void {
    this.assertLive?.();
    assertKept([made]);
  }

  /** As {@link skipped} at the time of the call, without making the device wait. */
  async readSkipped(): Promise<number> {
    const {count, made} = this;
    if (made === undefined) return 0;
    this.assertThere(made);
    // Steps made meanwhile dispose the counter that they add to.
    const snapshot = made.clone();
    try {
      return count - (await snapshot.data())[0]!;
    } finally {
      snapshot.dispose();
    }
  }

  /**
   * Counts a step.
   * @param made Not 0 where it was made; disposed here.
   * @param assertLive Throws where the device is lost.
   */
  add(made: Scalar, assertLive?: () => void): void {
    const before = this.made;
    this.assertLive = assertLive;
    this.made = keep(tidy(() => {
      const one = cast<Scalar>(made, 'float32');
      return before === undefined ? one : add<Scalar>(before, one);
    }));
    this.count++;
    before?.dispose();
    made.dispose();
  }

  /**
   * Keeps the verdict on one step for {@link settle}, and begins to read it.
   * @param made As in {@link add}.
   * @param assertLive Throws where the device is lost, which a read may tell by a 0.
   */
  watch(made: Scalar, assertLive: () => void): void {
    const pending: Pending = {made: keep(made), value: undefined, assertLive};
    this.pending = pending;
    // Where the read fails, settle reads again and tells.
    void made.data().then(([value]) => (pending.value = value), () => undefined);
  }

  /**
   * Whether the watched step, if there is one, was made. Waits for the device only where the verdict has not come by itself.
   * @throws What `assertLive` throws.
   */
  settle(): boolean {
    const {pending} = this;
    if (pending === undefined) return true;
    this.pending = undefined;
    try {
      pending.assertLive();
      return (pending.value ?? pending.made.dataSync()[0]) !== 0;
    } finally {
      pending.made.dispose();
    }
  }

  /** Forgets everything. */
  dispose(): void {
    disposeKept([this.made, this.pending?.made].filter(tensor => tensor !== undefined));
    this.made = this.pending = undefined;
    this.count = 0;
  }
}

/** A class, as far as `instanceof` cares. */
export interface ClassLike {
  readonly prototype: object;
}

/**
 * Puts a class of ours on top of one of TF.js: its objects become `instanceof` it, and inherit what they do not have themselves.
 * TF.js tells callbacks and regularizers by `instanceof`, and there may be two copies of it.
 */
export function adoptBase(ours: ClassLike, base: ClassLike): void {
  if (!Object.prototype.isPrototypeOf.call(base.prototype, ours.prototype)) Object.setPrototypeOf(ours.prototype, base.prototype);
}

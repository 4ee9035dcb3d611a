type Grow = (this: WebAssembly.Memory, pages: number) => number;

/** Has every WebAssembly memory, ours or TF.js's, grow by `grow` while `run` runs. */
export async function withGrow<T>(grow: (real: Grow) => Grow, run: () => Promise<T> | T): Promise<T> {
  const real = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'grow')!;
  WebAssembly.Memory.prototype.grow = grow(real.value as Grow);
  try {
    return await run();
  } finally {
    Object.defineProperty(WebAssembly.Memory.prototype, 'grow', real);
  }
}

/** How often a WebAssembly memory of ours or of TF.js grows in `run`. */
export async function growths(run: () => Promise<void> | void): Promise<number> {
  let count = 0;
  await withGrow(real => function counted(this: WebAssembly.Memory, pages): number {
    count++;
    return real.call(this, pages);
  }, run);
  return count;
}

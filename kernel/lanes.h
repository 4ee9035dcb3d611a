// Eight coordinates side by side: what rules with a network on each coordinate compute on at once.
#ifndef L2O_LANES_H
#define L2O_LANES_H
#include "rollout_layout.h"
#include "simd.h"

_Static_assert(LANES == 8, "two vectors of four");
typedef struct { v4 a, b; } lanes;

INLINE int padded_lanes(int n) { return (n + LANES - 1) / LANES * LANES; }
INLINE lanes lanes_splat(float x) { return (lanes){splat(x), splat(x)}; }
INLINE lanes lanes_load(const float *p) { return (lanes){load(p), load(p + 4)}; }
INLINE void lanes_store(float *p, lanes x) {
  store(p, x.a);
  store(p + 4, x.b);
}
// The first `count` (1 … 8) of memory; the others are 0 and are not touched.
static NOINLINE lanes lanes_read(const float *p, int count) {
  if (count == LANES) return lanes_load(p);
  const v4 zero = splat(0);
  if (count < 4) return (lanes){load_part(p, count), zero};
  return (lanes){load(p), count > 4 ? load_part(p + 4, count - 4) : zero};
}
static NOINLINE void lanes_write(float *p, lanes x, int count) {
  if (count == LANES) return lanes_store(p, x);
  if (count < 4) return store_part(p, x.a, count);
  store(p, x.a);
  if (count > 4) store_part(p + 4, x.b, count - 4);
}
// x where the lane is one of the first `count`, else 0.
INLINE lanes lanes_first(lanes x, int count) {
  const i4 index = {0, 1, 2, 3};
  return (lanes){(v4)((i4)x.a & (index < count)), (v4)((i4)x.b & (index < count - 4))};
}

// sums[o] += Σ_k x[k] · w[k · ld + o · stride], for `rows` rows of eight in x. `count` and `stride` are constants at
// each call, so that the sums stay in registers.
INLINE void lanes_dot(lanes *sums, int count, const float *x, int rows, const float *w, int ld, int stride) {
#pragma clang loop unroll(disable)  // the sums are work enough for each turn
  for (int k = 0; k < rows; k++, x += LANES, w += ld) {
    const v4 a = load(x), b = load(x + 4);
    for (int o = 0; o < count; o++) {
      const v4 weight = splat(w[o * stride]);
      sums[o].a += a * weight;
      sums[o].b += b * weight;
    }
  }
}
#endif

// Layer normalisation: each row has mean 0 and deviation 1, then a scale and a shift for each column.
#ifndef L2O_NORM_H
#define L2O_NORM_H
#include "activations.h"
#include "layer.h"

#define NORM_EPSILON 1e-5f

// The lanes of columns j … j + 3 that are among n.
INLINE i4 lanes_below(int j, int n) { return (i4){j, j + 1, j + 2, j + 3} < (i4){n, n, n, n}; }
INLINE v4 load_lanes(const float *x, int j, int n) { return (v4)(lanes_below(j, n) & (i4)load(x + j)); }

// normalised [rows][pad4(n)] and the inverse deviations of rows are kept for the way back.
static NOINLINE void norm_forward(int rows, int n, const float *x, const layer *w, float *normalised, float *inverse, float *to) {
  const int ld = pad4(n);
  for (int i = 0; i < rows; i++, x += ld, normalised += ld, to += ld) {
    v4 sum = splat(0), squares = splat(0);
    for (int j = 0; j < n; j += 4) sum += load_lanes(x, j, n);
    const float mean = sum4(sum) / n;
    for (int j = 0; j < n; j += 4) {
      const v4 centred = (v4)(lanes_below(j, n) & (i4)(load(x + j) - mean));
      squares += centred * centred;
      store(normalised + j, centred);
    }
    inverse[i] = 1.0f / ssqrt(sum4(squares) / n + NORM_EPSILON);
    for (int j = 0; j < n; j += 4) {
      const v4 y = load(normalised + j) * inverse[i];
      store(normalised + j, y);
      store(to + j, y * load(w->weight + j) + load(w->bias + j));
    }
  }
}

// From d, the gradient of what came out: that of the input into `to`, and of scale and shift into sums [2][pad4(n)].
static NOINLINE void norm_gradient(int rows, int n, const float *d, const layer *w, const float *normalised, const float *inverse, float *to, float *sums) {
  const int ld = pad4(n);
  clear(sums, 2 * ld);
  for (int i = 0; i < rows; i++, d += ld, normalised += ld, to += ld) {
    v4 sum = splat(0), products = splat(0);
    for (int j = 0; j < n; j += 4) {
      const v4 slope = load_lanes(d, j, n), y = load(normalised + j), inner = slope * load(w->weight + j);
      store(sums + j, load(sums + j) + slope * y);
      store(sums + ld + j, load(sums + ld + j) + slope);
      sum += inner;
      products += inner * y;
    }
    const float mean = sum4(sum) / n, along = sum4(products) / n;
    for (int j = 0; j < n; j += 4)
      store(to + j, (v4)(lanes_below(j, n) & (i4)((load(d + j) * load(w->weight + j) - mean - load(normalised + j) * along) * inverse[i])));
  }
}
#endif

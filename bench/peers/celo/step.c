// Celo's per-parameter part for one tensor: accumulators, 30 normalised features, and a network of two hidden layers of four.
// JavaScript lays out tensors and weights behind __heap_base. See tensor-update.ts.
#include "../../../kernel/simd.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
extern unsigned char __heap_base;
EXPORT(heapBase) int heap_base(void) { return (int)&__heap_base; }
void *memset(void *to, int value, unsigned long n) { return __builtin_memset(to, value, n); }
#else
#define EXPORT(name)
#endif

enum { DECAYS = 3, HIDDEN = 4, OUTPUTS = 3, OWN = 18, CHANNELS = 30 };
// First channels of row moments, column moments, and the inverse roots of each; the others are an element's own.
enum { ROW = 15, COLUMN = 18, INVERSE_ROW = 21, INVERSE_COLUMN = 24, LAST = 27 };

// Elements lie in runs along the last axis, in which row and column stay the same or go on by one. Arrays of several moments have one
// after the other, each with room for three more than it holds.
typedef struct {
  int size, run, numRows, numColumns, numGroups, rowStep, columnStep, isFactored;
  // Of each run; of each row.
  const int *rowOf, *columnOf, *groupOf;
  float *parameter;
  const float *gradient;
  float *momenta, *moments, *rows, *columns;
  // Of rows [3]; of columns [3]; of groups [3]; what rows and columns give to the first layer [4].
  float *gradientFactors, *momentumFactors, *columnFactors, *means, *rowShare, *columnShare;
} celo_tensor;

typedef struct { float kernel0[CHANNELS * HIDDEN], bias0[HIDDEN], kernel1[HIDDEN * HIDDEN], bias1[HIDDEN], kernel2[HIDDEN * OUTPUTS], bias2[OUTPUTS]; } celo_network;

INLINE int room(int n) { return n + 3; }
// 1 - decay of momenta and of factored second moments; the last is that of the full second moments too.
INLINE float rate(int k) { return k == 0 ? 0.1f : k == 1 ? 0.01f : 0.001f; }
INLINE v4 clip(v4 x, float limit) { return vclamp(x, -limit, limit); }
INLINE float inverse_root(float x) { return 1.0f / ssqrt(x); }
INLINE v4 along(const float *x, int step) { return step ? load(x) : splat(*x); }
// The first n lanes.
INLINE v4 first_lanes(v4 x, int n) { return (v4)((i4)x & ((i4){0, 1, 2, 3} < (i4){n, n, n, n})); }
INLINE void store_first(float *to, v4 x, int n) {
  if (n >= 4) store(to, x);
  else store_part(to, x, n);
}

static void clear(float *x, int n) { __builtin_memset(x, 0, (unsigned long)n * sizeof(float)); }

// Adds to the sums of rows or columns.
INLINE void add_sum(float *to, int step, v4 x, int n) {
  if (!step) to[0] += sum4(first_lanes(x, n));
  else store_first(to, load(to) + x, n);
}

// Moves momenta and second moments; sums of squares by rows and columns go into the first of their shares.
static void accumulate(const celo_tensor *t) {
  const int stride = room(t->size);
  clear(t->rowShare, t->numRows);
  clear(t->columnShare, t->numColumns);
  for (int r = 0, start = 0; start < t->size; r++, start += t->run)
    for (int j = 0; j < t->run; j += 4) {
      const int i = start + j, n = t->run - j;
      const v4 g = clip(load(t->gradient + i), 1000), squares = g * g, old = load(t->moments + i);
      for (int k = 0; k < DECAYS; k++) {
        float *at = t->momenta + k * stride + i;
        const v4 momentum = load(at);
        store_first(at, momentum + rate(k) * (g - momentum), n);
      }
      store_first(t->moments + i, old + rate(2) * (squares - old), n);
      add_sum(t->rowShare + t->rowOf[r] + j * t->rowStep, t->rowStep, squares + 1e-30f, n);
      if (t->isFactored) add_sum(t->columnShare + t->columnOf[r] + j * t->columnStep, t->columnStep, squares + 1e-30f, n);
    }
}

// Moves each of the three averages of each entry towards this step's mean.
static void average(float *moments, const float *sums, int n, float count) {
  for (int k = 0; k < DECAYS; k++)
    for (int i = 0; i < n; i++) {
      float *at = moments + k * room(n) + i;
      *at += rate(k) * (sums[i] / count - *at);
    }
}

static void update_factors(const celo_tensor *t) {
  const int rows = t->numRows, stride = room(rows);
  average(t->rows, t->rowShare, rows, (float)t->size / rows);
  if (!t->isFactored) {
    for (int k = 0; k < DECAYS; k++)
      for (int i = k * stride; i < k * stride + rows; i++) {
        t->gradientFactors[i] = inverse_root(t->rows[i] + 1e-9f);
        t->momentumFactors[i] = inverse_root(t->rows[i]);
      }
    return;
  }
  average(t->columns, t->columnShare, t->numColumns, (float)t->size / t->numColumns);
  clear(t->means, DECAYS * t->numGroups);
  for (int k = 0; k < DECAYS; k++) {
    float *means = t->means + k * t->numGroups;
    for (int i = 0; i < rows; i++) means[t->groupOf[i]] += t->rows[k * stride + i] * t->numGroups / rows;
    for (int i = 0; i < rows; i++) t->gradientFactors[k * stride + i] = inverse_root(smax(t->rows[k * stride + i] / (means[t->groupOf[i]] + 1e-9f), 1e-9f));
    for (int i = 0; i < t->numColumns; i++) {
      const int at = k * room(t->numColumns) + i;
      t->columnFactors[at] = inverse_root(smax(t->columns[at], 1e-9f));
    }
  }
}

// The channels that are four elements' alone, all but those of rows and columns.
INLINE void read_own(const celo_tensor *t, int i, int row, int column, v4 *own) {
  const v4 g = clip(load(t->gradient + i), 1000), v = load(t->moments + i), inverse = 1.0f / vsqrt(v + 1e-6f);
  own[0] = g;
  own[1] = clip(g, 0.1f);
  own[2] = load(t->parameter + i);
  own[6] = v;
  own[10] = inverse;
  own[14] = g * inverse;
  #pragma clang loop unroll(full)
  for (int k = 0; k < DECAYS; k++) {
    const v4 momentum = load(t->momenta + k * room(t->size) + i);
    const v4 factor = along(t->columnFactors + k * room(t->numColumns) + column, t->columnStep);
    const int at = k * room(t->numRows) + row;
    own[3 + k] = momentum;
    own[7 + k] = momentum * inverse;
    own[11 + k] = g * along(t->gradientFactors + at, t->rowStep) * factor;
    own[15 + k] = momentum * along(t->momentumFactors + at, t->rowStep) * factor;
  }
}

// Sums of squares of the own channels.
static void sum_squares(const celo_tensor *t, double *sums) {
  for (int c = 0; c < OWN; c++) sums[c] = 0;
  for (int r = 0, start = 0; start < t->size; r++, start += t->run) {
    v4 part[OWN];
    for (int c = 0; c < OWN; c++) part[c] = splat(0);
    for (int j = 0, since = 0; j < t->run; j += 4) {
      v4 own[OWN];
      read_own(t, start + j, t->rowOf[r] + j * t->rowStep, t->columnOf[r] + j * t->columnStep, own);
      #pragma clang loop unroll(full)
      for (int c = 0; c < OWN; c++) {
        const v4 x = t->run - j < 4 ? first_lanes(own[c], t->run - j) : own[c];
        part[c] += x * x;
      }
      // Long sums in float32 lose digits.
      if (++since < 256 && j + 4 < t->run) continue;
      for (int c = 0; c < OWN; c++) {
        sums[c] += sum4(part[c]);
        part[c] = splat(0);
      }
      since = 0;
    }
  }
}

static void fold(float *folded, const celo_network *w, int channel, double mean) {
  const float scale = inverse_root(1e-5f + (float)mean);
  for (int j = 0; j < HIDDEN; j++) folded[channel * HIDDEN + j] = w->kernel0[channel * HIDDEN + j] * scale;
}

static void fold_moments(float *folded, const celo_network *w, const float *moments, int n, int channel, int inverse_channel) {
  for (int k = 0; k < DECAYS; k++) {
    double squares = 0, inverses = 0;
    for (int i = 0; i < n; i++) {
      const double x = moments[k * room(n) + i];
      squares += x * x;
      inverses += 1 / (x + 1e-8);
    }
    fold(folded, w, channel + k, squares / n);
    fold(folded, w, inverse_channel + k, inverses / n);
  }
}

// Adds what the channels of moments give to the first layer to the share of each entry.
static void add_share(float *share, const float *folded, const float *moments, int n, int channel, int inverse_channel) {
  for (int k = 0; k < DECAYS; k++)
    for (int i = 0; i < n; i++) {
      const float x = moments[k * room(n) + i], inverse = inverse_root(x + 1e-8f);
      for (int j = 0; j < HIDDEN; j++)
        share[j * room(n) + i] += x * folded[(channel + k) * HIDDEN + j] + inverse * folded[(inverse_channel + k) * HIDDEN + j];
    }
}

static void move(const celo_tensor *t, const celo_network *w, const float *folded, float scale) {
  for (int r = 0, start = 0; start < t->size; r++, start += t->run)
    for (int j = 0; j < t->run; j += 4) {
      const int i = start + j, row = t->rowOf[r] + j * t->rowStep, column = t->columnOf[r] + j * t->columnStep;
      v4 own[OWN], a[HIDDEN], direction = splat(w->bias2[0]), magnitude = splat(w->bias2[1]);
      read_own(t, i, row, column, own);
      for (int h = 0; h < HIDDEN; h++)
        a[h] = w->bias0[h] + along(t->rowShare + h * room(t->numRows) + row, t->rowStep) + along(t->columnShare + h * room(t->numColumns) + column, t->columnStep);
      #pragma clang loop unroll(full)
      for (int c = 0; c < OWN; c++)
        for (int h = 0; h < HIDDEN; h++) a[h] += own[c] * folded[(c < ROW ? c : c + LAST - ROW) * HIDDEN + h];
      for (int h = 0; h < HIDDEN; h++) a[h] = vmax(a[h], splat(0));
      for (int h = 0; h < HIDDEN; h++) {
        v4 b = splat(w->bias1[h]);
        for (int k = 0; k < HIDDEN; k++) b += a[k] * w->kernel1[k * HIDDEN + h];
        b = vmax(b, splat(0));
        direction += b * w->kernel2[h * OUTPUTS];
        magnitude += b * w->kernel2[h * OUTPUTS + 1];
      }
      store_first(t->parameter + i, own[2] - scale * direction * vexp(1e-3f * magnitude), t->run - j);
    }
}

// Moves t->parameter by one step. `multiplier` comes from the schedule.
EXPORT(step) void celo_step(const celo_tensor *t, const celo_network *w, float multiplier) {
  float folded[CHANNELS * HIDDEN];
  double sums[OWN];
  accumulate(t);
  update_factors(t);
  sum_squares(t, sums);
  for (int c = 0; c < OWN; c++) fold(folded, w, c < ROW ? c : c + LAST - ROW, sums[c] / t->size);
  const int factored = t->isFactored, columns = factored ? t->numColumns : t->numRows;
  const float *columnMoments = factored ? t->columns : t->rows;
  fold_moments(folded, w, t->rows, t->numRows, ROW, INVERSE_ROW);
  fold_moments(folded, w, columnMoments, columns, COLUMN, INVERSE_COLUMN);
  clear(t->rowShare, HIDDEN * room(t->numRows));
  clear(t->columnShare, HIDDEN * room(t->numColumns));
  add_share(t->rowShare, folded, t->rows, t->numRows, ROW, INVERSE_ROW);
  add_share(factored ? t->columnShare : t->rowShare, folded, columnMoments, columns, COLUMN, INVERSE_COLUMN);
  move(t, w, folded, multiplier * 1e-3f * ssqrt((float)(sums[2] / t->size) + 1e-9f));
}

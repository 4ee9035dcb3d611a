// What single operations of programs do, forward and back; see program.h.
#ifndef L2O_PROGRAM_OPERATIONS_H
#define L2O_PROGRAM_OPERATIONS_H
#include "attention.h"
#include "gelu.h"
#include "noise.h"
#include "norm.h"

enum { INSTRUCTION_INTS = sizeof(instruction) / sizeof(int) };

// A value, in rows of a multiple of four, its gradient, whether some of that has been written, and what the way back needs.
typedef struct {
  instruction is;
  int at, ld, hasGradient;
  layer weights;
  float *value, *gradient, *kept;
  attention_head head;
} program_value;

typedef struct {
  int count;
  program_value *values;
  // The divergence of samples from the prior, summed over the batch.
  float *divergence;
  float *room, *packed, *shared, *sums;
} program_scratch;

// Of the mean over tokens, or of their weighted sum.
INLINE float token_weight(const program_value *v, int tokens, int t) { return v->is.a ? v->weights.weight[4 * t] : 1.0f / tokens; }

static NOINLINE void program_position(int rows, int n, const float *x, const float *p, float *to) {
  for (int b = 0; b < rows; b++) for (int j = 0; j < n; j += 4) store(to + b * n + j, load(x + b * n + j) + load(p + j));
}

static NOINLINE void program_pool(int rows, int tokens, const program_value *v, const float *x) {
  clear(v->value, rows * v->ld);
  for (int b = 0; b < rows; b++)
    for (int t = 0; t < tokens; t++) {
      const float weight = token_weight(v, tokens, t), *from = x + (b * tokens + t) * v->ld;
      float *to = v->value + b * v->ld;
      for (int j = 0; j < v->ld; j += 4) store(to + j, load(to + j) + load(from + j) * weight);
    }
}

static NOINLINE void program_pool_gradient(int rows, int tokens, const program_value *v, const float *x, float *to, float *g) {
  for (int t = 0; t < tokens; t++) {
    const float weight = token_weight(v, tokens, t);
    v4 sum = splat(0);
    for (int b = 0; b < rows; b++)
      for (int j = 0; j < v->ld; j += 4) {
        const int at = (b * tokens + t) * v->ld + j;
        const v4 d = load(v->gradient + b * v->ld + j);
        sum += (v4)(lanes_below(j, v->is.columns) & (i4)(d * load(x + at)));
        store(to + at, d * weight);
      }
    if (v->is.a) g[v->at + t] = sum4(sum);
  }
}

// Codes mean + noise · deviation [rows][ld] from rows of means and logarithms of variances.
SMALL void program_sample(const program_scratch *m, const program_value *v, const float *code, int ldc, int rows) {
  const int n = v->is.columns;
  double total = 0;
  for (int b = 0; b < rows; b++)
    for (int j = 0; j < v->ld; j++) {
      if (j >= n) {
        v->value[b * v->ld + j] = 0;
        continue;
      }
      const float mean = code[b * ldc + j], variance = code[b * ldc + n + j];
      v->value[b * v->ld + j] = mean + v->kept[b * n + j] * sexp(0.5f * variance);
      total += 0.5 * ((double)mean * mean + sexp(variance) - (1.0 + variance));
    }
  *m->divergence += (float)total;
}

SMALL void program_sample_gradient(const program_value *v, const float *code, int ldc, int rows, float *to) {
  const int n = v->is.columns;
  clear(to, rows * ldc);
  for (int b = 0; b < rows; b++)
    for (int j = 0; j < n; j++) {
      const float d = v->gradient[b * v->ld + j], variance = code[b * ldc + n + j];
      to[b * ldc + j] = d + code[b * ldc + j] / rows;
      to[b * ldc + n + j] = 0.5f * (d * v->kept[b * n + j] * sexp(0.5f * variance) + (sexp(variance) - 1) / rows);
    }
}

// Products of the rows of two factors that the inputs name; with g, the way back instead.
SMALL void program_factors(const program_value *v, const float *input, int rows, const float *w, float *g) {
  const int rank = v->is.c, ld = pad4(rank);
  for (int b = 0; b < rows; b++) {
    const int row = (int)input[4 * b], column = v->is.a + (int)input[4 * b + 1];
    const float *left = w + row * ld, *right = w + column * ld;
    float sum = 0;
    for (int k = 0; k < rank; k++) {
      sum += left[k] * right[k];
      if (!g) continue;
      g[row * rank + k] += v->gradient[4 * b] * right[k];
      g[column * rank + k] += v->gradient[4 * b] * left[k];
    }
    if (!g) store(v->value + 4 * b, (v4){sum, 0, 0, 0});
  }
}

SMALL void program_input(const split *s, const program_value *v, const int *index, int rows) {
  const int size = v->is.tokens * v->is.columns;
  for (int b = 0; b < rows; b++) {
    float *to = v->value + b * v->is.tokens * v->ld;
    const float *x = pack_rows(to, v->is.tokens, v->is.columns, s->inputs + (long)index[b] * size);
    if (x != to) __builtin_memcpy(to, x, size * sizeof(float));
  }
}

// Gradient of the kernel that `compare` has transposed, and of what it multiplies.
SMALL void program_compare_gradient(const program_scratch *m, const program_value *v, const program_value *from, int all, float *g, float *to) {
  const program_value *kernel = &m->values[v->is.a];
  const int size = from->is.columns;
  weight_gradient(v->is.columns, 1, size, all, v->gradient, v->ld, from->value, m->packed, g + kernel->at);
  gemm(all, from->ld, v->is.columns, v->gradient, v->ld, 1, kernel->weights.weight, from->ld, 0, to, from->ld);
}
#endif

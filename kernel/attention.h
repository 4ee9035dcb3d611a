// Self-attention of several heads over the tokens of each example. A row of the input holds query, key and value side by side.
#ifndef L2O_ATTENTION_H
#define L2O_ATTENTION_H
#include "activations.h"
#include "layer.h"

// One head of one example: rows of a multiple of four. Shares [tokens][pad4(tokens)], the softmax of the scores, are kept.
typedef struct { int tokens, size; float scale, *query, *key, *value, *out, *dQuery, *dKey, *dValue, *other, *slopes; } attention_head;

SMALL int attention_layout(int tokens, int size, float *scratch, attention_head *m) {
  const int rows = tokens * pad4(size);
  int used = 0;
  if (m) m->tokens = tokens, m->size = size, m->scale = 1.0f / ssqrt((float)size);
  TAKE(m, query, rows);
  TAKE(m, key, rows);
  TAKE(m, value, rows);
  TAKE(m, out, rows);
  TAKE(m, dQuery, rows);
  TAKE(m, dKey, rows);
  TAKE(m, dValue, rows);
  TAKE(m, other, size * pad4(tokens));
  TAKE(m, slopes, tokens * pad4(tokens));
  return used;
}

// Between a block of columns in rows of `ld` and rows of a head's own.
static NOINLINE void take_head(const attention_head *m, const float *from, int ld, float *to) {
  const int padded = pad4(m->size);
  for (int t = 0; t < m->tokens; t++, from += ld, to += padded) {
    int j = 0;
    for (; j + 4 <= m->size; j += 4) store(to + j, load(from + j));
    if (j < padded) store(to + j, load_part(from + j, m->size - j));
  }
}
static NOINLINE void put_head(const attention_head *m, const float *from, float *to, int ld) {
  const int padded = pad4(m->size);
  for (int t = 0; t < m->tokens; t++, to += ld, from += padded) {
    int j = 0;
    for (; j + 4 <= m->size; j += 4) store(to + j, load(from + j));
    if (j < padded) store_part(to + j, load(from + j), m->size - j);
  }
}
static void take_heads(const attention_head *m, const float *from, int width) {
  take_head(m, from, pad4(3 * width), m->query);
  take_head(m, from + width, pad4(3 * width), m->key);
  take_head(m, from + 2 * width, pad4(3 * width), m->value);
}

// Scores times the scale become shares, padding 0.
static NOINLINE void attention_softmax(int tokens, float scale, float *scores) {
  const int ld = pad4(tokens), lanes = tokens - (ld - 4);
  const i4 inside = (i4){0, 1, 2, 3} < (i4){lanes, lanes, lanes, lanes};
  for (int t = 0; t < tokens; t++, scores += ld) {
    const v4 last = mlp_select(inside, load(scores + ld - 4), splat(scores[0]));
    v4 largest = last, sum;
    for (int j = 0; j < ld - 4; j += 4) largest = vmax(largest, load(scores + j));
    const float most = smax(smax(largest[0], largest[1]), smax(largest[2], largest[3]));
    sum = (v4)((i4)vexp((last - most) * scale) & inside);
    store(scores + ld - 4, sum);
    for (int j = 0; j < ld - 4; j += 4) {
      const v4 e = vexp((load(scores + j) - most) * scale);
      store(scores + j, e);
      sum += e;
    }
    const float share = 1.0f / sum4(sum);
    for (int j = 0; j < ld; j += 4) store(scores + j, load(scores + j) * share);
  }
}

// to [tokens][pad4(width)], a head's columns of it, from the head's columns of an example's rows.
SMALL void attention_forward(const attention_head *m, const float *from, int width, float *shares, float *to) {
  const int tokens = m->tokens, size = m->size, padded = pad4(size), ld = pad4(tokens);
  take_heads(m, from, width);
  transpose(tokens, size, m->key, padded, m->other, ld);
  gemm(tokens, ld, size, m->query, padded, 1, m->other, ld, 0, shares, ld);
  attention_softmax(tokens, m->scale, shares);
  gemm(tokens, padded, tokens, shares, ld, 1, m->value, padded, 0, m->out, padded);
  put_head(m, m->out, to, pad4(width));
}

// The way back: d [tokens][pad4(width)], the head's columns; `to` receives the gradient of query, key and value.
SMALL void attention_gradient(const attention_head *m, const float *from, int width, const float *shares, const float *d, float *to) {
  const int tokens = m->tokens, size = m->size, padded = pad4(size), ld = pad4(tokens);
  take_heads(m, from, width);
  take_head(m, d, pad4(width), m->out);
  gemm(tokens, padded, tokens, shares, 1, ld, m->out, padded, 0, m->dValue, padded);
  transpose(tokens, size, m->value, padded, m->other, ld);
  gemm(tokens, ld, size, m->out, padded, 1, m->other, ld, 0, m->slopes, ld);
  for (int t = 0; t < tokens; t++) {
    const float *share = shares + t * ld;
    float *slope = m->slopes + t * ld;
    v4 sum = splat(0);
    for (int j = 0; j < ld; j += 4) sum += load(share + j) * load(slope + j);
    const float mean = sum4(sum);
    for (int j = 0; j < ld; j += 4) store(slope + j, load(share + j) * (load(slope + j) - mean) * m->scale);
  }
  gemm(tokens, padded, tokens, m->slopes, ld, 1, m->key, padded, 0, m->dQuery, padded);
  gemm(tokens, padded, tokens, m->slopes, 1, ld, m->query, padded, 0, m->dKey, padded);
  put_head(m, m->dQuery, to, pad4(3 * width));
  put_head(m, m->dKey, to + width, pad4(3 * width));
  put_head(m, m->dValue, to + 2 * width, pad4(3 * width));
}
#endif

// Loss and gradient of a dense network with one activation, on a batch drawn from a split's examples.
// sizes: inputs, units of each layer; a split's inputs are [examples][inputs], its answers int classes for
// softmaxCrossEntropy, else numbers [examples][outputs]; strength is that of ½ l2 ‖kernels‖².
#ifndef L2O_MLP_H
#define L2O_MLP_H
#include "gemm.h"
#include "losses.h"

INLINE int pad4(int n) { return (n + 3) & ~3; }
INLINE int imax(int a, int b) { return a > b ? a : b; }

// A counter-based generator: a batch depends on its split's seed and the step alone. `batchRows` of the task families is the same.
INLINE unsigned mix32(unsigned x) {
  x ^= x >> 16; x *= 0x7feb352du;
  x ^= x >> 15; x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

typedef struct { float *weight, *transposed, *bias, *output; } mlp_layer;
typedef struct {
  int numLayers;
  mlp_layer *layer;
  int *index;
  float *input, *delta[2], *packed, *sums;
} mlp_scratch;

// Floats of scratch that a batch needs; with `m` not null, also lays the pieces out from `scratch`.
SMALL int mlp_layout(const rollout *r, float *scratch, mlp_scratch *m) {
  const int rows = imax(r->splits[0].batchSize, r->splits[1].batchSize), layers = r->numSizes - 1;
  int used = 0, largest = 0, widest = 0;
#define TAKE(pointer, count) do { if (m) m->pointer = (void *)(scratch + used); used += pad4(count); } while (0)
  if (m) m->numLayers = layers;
  TAKE(layer, layers * (int)(sizeof(mlp_layer) / sizeof(float)));
  TAKE(index, rows);
  TAKE(input, rows * r->sizes[0]);
  for (int l = 0; l < layers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1];
    TAKE(layer[l].weight, in * pad4(out));
    TAKE(layer[l].transposed, l ? out * pad4(in) : 0);
    TAKE(layer[l].bias, pad4(out));
    TAKE(layer[l].output, rows * pad4(out));
    largest = imax(largest, in * pad4(out));
    widest = imax(widest, imax(pad4(in), pad4(out)));
  }
  TAKE(sums, imax(rows, widest));
  TAKE(delta[0], rows * widest);
  TAKE(delta[1], rows * widest);
  TAKE(packed, largest);
#undef TAKE
  return used;
}

// Weights in rows of a multiple of four, and, for the gradient, transposed. Weights that are of that form already stay in place.
static void mlp_pack(const rollout *r, mlp_scratch *m, const float *w, int with_gradient) {
  for (int l = 0; l < m->numLayers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out);
    mlp_layer *layer = &m->layer[l];
    if (with_gradient && l) transpose(in, out, w, out, layer->transposed, pad4(in));
    if (out == ldo) {
      layer->weight = (float *)w;
      layer->bias = (float *)w + in * out;
    } else {
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < out; o++) layer->weight[i * ldo + o] = w[i * out + o];
        for (int o = out; o < ldo; o++) layer->weight[i * ldo + o] = 0;
      }
      for (int o = 0; o < ldo; o++) layer->bias[o] = o < out ? w[in * out + o] : 0;
    }
    w += (in + 1) * out;
  }
}

// The outputs for the examples of m->index.
static float *mlp_forward(const rollout *r, const split *s, const mlp_scratch *m, int rows) {
  const int d = r->sizes[0];
  for (int b = 0; b < rows; b++) {
    const float *x = s->inputs + (long)m->index[b] * d;
    float *to = m->input + b * d;
    int j = 0;
    for (; j + 4 <= d; j += 4) store(to + j, load(x + j));
    for (; j < d; j++) to[j] = x[j];
  }
  const float *h = m->input;
  int ld = d;
  for (int l = 0; l < m->numLayers; l++) {
    const int ldo = pad4(r->sizes[l + 1]);
    gemm(rows, ldo, r->sizes[l], h, ld, 1, m->layer[l].weight, ldo, m->layer[l].bias, m->layer[l].output, ldo);
    if (l < m->numLayers - 1) mlp_activate(r->activation, m->layer[l].output, rows * ldo);
    h = m->layer[l].output;
    ld = ldo;
  }
  return m->layer[m->numLayers - 1].output;
}

// ½ l2 ‖kernels‖², added to the gradient too.
SMALL float mlp_penalty(const rollout *r, const float *w, float *g) {
  double squares = 0;
  for (int l = 0, at = 0; l + 1 < r->numSizes; at += (r->sizes[l] + 1) * r->sizes[l + 1], l++) {
    for (int i = at; i < at + r->sizes[l] * r->sizes[l + 1]; i++) {
      squares += (double)w[i] * w[i];
      if (g) g[i] += r->strength * w[i];
    }
  }
  return (float)(0.5 * r->strength * squares);
}

static void mlp_backward(const rollout *r, const mlp_scratch *m, int rows, float *delta, float *g) {
  int offset = r->numParams;
  for (int l = m->numLayers - 1; l >= 0; l--) {
    const int in = r->sizes[l], out = r->sizes[l + 1], ldo = pad4(out);
    offset -= (in + 1) * out;
    float *gw = g + offset, *gb = gw + in * out;
    const float *h = l ? m->layer[l - 1].output : m->input;
    const int ldh = l ? pad4(in) : in;
    float *to = out == ldo ? gw : m->packed;
    gemm(in, ldo, rows, h, 1, ldh, delta, ldo, 0, to, ldo);
    if (to != gw) for (int i = 0; i < in; i++) for (int o = 0; o < out; o++) gw[i * out + o] = to[i * ldo + o];
    sum_rows(rows, ldo, delta, m->sums);
    for (int o = 0; o < out; o++) gb[o] = m->sums[o];
    if (l) {
      float *next = m->delta[l & 1];
      gemm(rows, ldh, out, delta, ldo, 1, m->layer[l].transposed, ldh, 0, next, ldh);
      mlp_activation_gradient(r->activation, h, next, rows * ldh);
      delta = next;
    }
  }
}

// Loss on the batch of a step at the weights w; g, where not 0, receives the gradient, *right the number of right classes.
static float mlp_loss_at(const rollout *r, const split *s, int step, const float *w, float *g, float *scratch, int *right) {
  mlp_scratch m;
  const int rows = s->batchSize;
  mlp_layout(r, scratch, &m);
  const unsigned key = mix32(s->seed ^ (0x9e3779b9u * (unsigned)(step + 1)));
  for (int b = 0; b < rows; b++) m.index[b] = (int)(mix32(key + (unsigned)b * 0x85ebca6bu) % (unsigned)s->numExamples);
  mlp_pack(r, &m, w, g != 0);
  float *delta = mlp_forward(r, s, &m, rows);
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  if (right) *right = mlp_count_right(r, s, delta, rows, ld, m.index);
  float loss = mlp_loss(r, s, delta, rows, ld, m.index, m.sums);
  if (g) mlp_backward(r, &m, rows, delta, g);
  if (r->strength != 0) loss += mlp_penalty(r, w, g);
  return loss;
}

// Mean loss over all examples of a split, in batches; *right is the number of right classes.
SMALL double mlp_whole_split(const rollout *r, const split *s, const float *w, float *scratch, int *right) {
  mlp_scratch m;
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  mlp_layout(r, scratch, &m);
  mlp_pack(r, &m, w, 0);
  double total = 0;
  *right = 0;
  for (int start = 0; start < s->numExamples; start += s->batchSize) {
    const int rows = s->numExamples - start < s->batchSize ? s->numExamples - start : s->batchSize;
    for (int b = 0; b < rows; b++) m.index[b] = start + b;
    float *z = mlp_forward(r, s, &m, rows);
    *right += mlp_count_right(r, s, z, rows, ld, m.index);
    total += (double)mlp_loss(r, s, z, rows, ld, m.index, m.sums) * rows;
  }
  return total / s->numExamples;
}
#endif

// Dense networks with one activation. sizes: inputs, units of each layer; strength is that of ½ l2 ‖kernels‖².
#ifndef L2O_MLP_H
#define L2O_MLP_H
#include "activations.h"
#include "layer.h"

typedef struct { layer weights; float *output; } mlp_layer;
typedef struct {
  int numLayers;
  mlp_layer *layer;
  float *input, *delta[2], *packed, *sums;
} mlp_scratch;

// Floats of scratch that a batch needs; with `m` not null, also lays the pieces out from `scratch`.
SMALL int mlp_layout(const rollout *r, int rows, float *scratch, mlp_scratch *m) {
  const int layers = r->numSizes - 1;
  int used = 0, largest = 0, widest = 0;
  if (m) m->numLayers = layers;
  TAKE(m, layer, layers * (int)(sizeof(mlp_layer) / sizeof(float)));
  TAKE(m, input, rows * r->sizes[0]);
  for (int l = 0; l < layers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1];
    TAKE(m, layer[l].weights.weight, in * pad4(out));
    TAKE(m, layer[l].weights.transposed, l ? out * pad4(in) : 0);
    TAKE(m, layer[l].weights.bias, pad4(out));
    TAKE(m, layer[l].output, rows * pad4(out));
    largest = imax(largest, in * pad4(out));
    widest = imax(widest, imax(pad4(in), pad4(out)));
  }
  TAKE(m, sums, widest);
  TAKE(m, delta[0], rows * widest);
  TAKE(m, delta[1], rows * widest);
  TAKE(m, packed, largest);
  return used;
}

static void mlp_pack(const rollout *r, mlp_scratch *m, const float *w, int with_gradient) {
  for (int l = 0; l < m->numLayers; l++) {
    const int in = r->sizes[l], out = r->sizes[l + 1];
    layer *to = &m->layer[l].weights;
    if (with_gradient && l) transpose(in, out, w, out, to->transposed, pad4(in));
    pack_layer(to, in, 1, out, w);
    w += (in + 1) * out;
  }
}

// The outputs for the examples of `index`.
static float *mlp_forward(const rollout *r, const split *s, const mlp_scratch *m, const int *index, int rows) {
  const int d = r->sizes[0];
  for (int b = 0; b < rows; b++) {
    const float *x = s->inputs + (long)index[b] * d;
    float *to = m->input + b * d;
    int j = 0;
    for (; j + 4 <= d; j += 4) store(to + j, load(x + j));
    for (; j < d; j++) to[j] = x[j];
  }
  const float *h = m->input;
  int ld = d;
  for (int l = 0; l < m->numLayers; l++) {
    const int ldo = pad4(r->sizes[l + 1]);
    layer_forward(&m->layer[l].weights, r->sizes[l], r->sizes[l + 1], rows, h, ld, m->layer[l].output);
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
    const int in = r->sizes[l], out = r->sizes[l + 1];
    offset -= (in + 1) * out;
    const float *h = l ? m->layer[l - 1].output : m->input;
    float *back = l ? m->delta[l & 1] : 0;
    layer_backward(&m->layer[l].weights, in, out, rows, h, l ? pad4(in) : in, delta, m->packed, m->sums, g + offset, back);
    if (back) mlp_activation_gradient(r->activation, h, back, rows * pad4(in));
    delta = back;
  }
}
#endif

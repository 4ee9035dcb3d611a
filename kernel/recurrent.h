// Recurrent classifiers of sequences: one cell, whose last state a dense layer reads.
// sizes: cell, steps, features of a step, units, classes. A cell's kernels have blocks of `units` columns: GRU update, reset, candidate
// (the reset gate acts after the recurrent product); LSTM input, forget, candidate, output.
#ifndef L2O_RECURRENT_H
#define L2O_RECURRENT_H
#include "activations.h"
#include "layer.h"

typedef struct {
  // Units and gates in rows of a multiple of four.
  int blocks, width, gatesWidth;
  // The weights of the inputs, with those of the last state below them.
  layer cell, head;
  // By steps, then by rows: inputs, gates, states from the first one's zeros on; LSTM's memories likewise, or GRU's recurrent product
  // for the candidate; the gradient of the recurrent products.
  float *input, *gates, *states, *memories, *productDelta;
  // Of one step.
  float *product, *logits, *stateDelta, *carried;
  float *packed, *sums;
} recurrent_scratch;

SMALL int recurrent_layout(const rollout *r, int rows, float *scratch, recurrent_scratch *m) {
  const int cell = r->sizes[0], steps = r->sizes[1], features = r->sizes[2], units = r->sizes[3], classes = r->sizes[4];
  const int blocks = cell == CELL_simple ? 1 : cell == CELL_gru ? 3 : 4, width = pad4(units), gates = blocks * width;
  int used = 0;
  if (m) m->blocks = blocks, m->width = width, m->gatesWidth = gates;
  TAKE(m, cell.weight, (features + units) * gates);
  TAKE(m, cell.transposed, gates * width);
  TAKE(m, cell.bias, gates);
  TAKE(m, head.weight, units * pad4(classes));
  TAKE(m, head.transposed, classes * width);
  TAKE(m, head.bias, pad4(classes));
  TAKE(m, input, steps * rows * features);
  TAKE(m, gates, steps * rows * gates);
  TAKE(m, states, (steps + 1) * rows * width);
  TAKE(m, memories, cell == CELL_simple ? 0 : (steps + 1) * rows * width);
  TAKE(m, productDelta, cell == CELL_gru ? steps * rows * gates : 0);
  if (m && cell != CELL_gru) m->productDelta = m->gates;
  TAKE(m, product, rows * gates);
  TAKE(m, logits, rows * pad4(classes));
  TAKE(m, stateDelta, rows * width);
  TAKE(m, carried, rows * width);
  TAKE(m, packed, imax(imax(features, units) * gates, units * pad4(classes)));
  TAKE(m, sums, imax(gates, pad4(classes)));
  return used;
}

SMALL void recurrent_pack(const rollout *r, recurrent_scratch *m, const float *w, int with_gradient) {
  const int features = r->sizes[2], units = r->sizes[3], classes = r->sizes[4];
  pack_layer(&m->cell, features + units, m->blocks, units, w);
  if (with_gradient) transpose(units, m->gatesWidth, m->cell.weight + features * m->gatesWidth, m->gatesWidth, m->cell.transposed, m->width);
  w += (features + units + 1) * m->blocks * units;
  if (with_gradient) transpose(units, classes, w, classes, m->head.transposed, m->width);
  pack_layer(&m->head, units, 1, classes, w);
}

// to += x * y
INLINE void add_products(float *to, const float *x, const float *y, int n) {
  for (int i = 0; i < n; i += 4) store(to + i, load(to + i) + load(x + i) * load(y + i));
}

// A step of one sequence: gates x of the inputs become those of the cell; p are the recurrent products, h and m the state before and
// memory, which is written at `next_m`.
static NOINLINE void recurrent_step(int cell, int n, float *x, const float *p, const float *h, float *next, float *m, float *next_m) {
  if (cell == CELL_simple) {
    for (int i = 0; i < n; i += 4) store(next + i, load(x + i) + load(p + i));
    mlp_activate(ACTIVATION_tanh, next, n);
    return;
  }
  float *candidate = x + 2 * n;
  add(x, p, cell == CELL_gru ? 2 * n : 4 * n);
  mlp_activate(ACTIVATION_sigmoid, x, 2 * n);
  if (cell == CELL_gru) {
    __builtin_memcpy(m, p + 2 * n, n * sizeof(float));
    add_products(candidate, x + n, m, n);
    mlp_activate(ACTIVATION_tanh, candidate, n);
    for (int i = 0; i < n; i += 4) store(next + i, load(candidate + i) + load(x + i) * (load(h + i) - load(candidate + i)));
    return;
  }
  mlp_activate(ACTIVATION_tanh, candidate, n);
  mlp_activate(ACTIVATION_sigmoid, x + 3 * n, n);
  for (int i = 0; i < n; i += 4) {
    const v4 kept = load(x + n + i) * load(m + i) + load(x + i) * load(candidate + i);
    store(next_m + i, kept);
    store(next + i, kept);
  }
  mlp_activate(ACTIVATION_tanh, next, n);
  for (int i = 0; i < n; i += 4) store(next + i, load(next + i) * load(x + 3 * n + i));
}

// The way back: d is the gradient of the state after the step but for what `carried` holds; gates become their own gradient.
static NOINLINE void recurrent_step_gradient(int cell, int rows, int n, float *gates, float *productDelta, const float *state, const float *memory,
                                    const float *d, float *carried) {
  for (int b = 0; b < rows; b++)
    for (int i = 0; i < n; i += 4) {
      const int at = b * n + i;
      v4 dh = load(d + at);
      const v4 held = load(carried + at);
      if (cell == CELL_simple) {
        const v4 h = load(state + rows * n + at);
        store(gates + at, dh * (1.0f - h * h));
        continue;
      }
      if (cell == CELL_gru) {
        float *x = gates + 3 * b * n + i, *p = productDelta + 3 * b * n + i;
        const v4 update = load(x), reset = load(x + n), candidate = load(x + 2 * n);
        dh += held;
        const v4 dc = dh * (1.0f - update) * (1.0f - candidate * candidate);
        const v4 du = dh * (load(state + at) - candidate) * update * (1.0f - update);
        const v4 dr = dc * load(memory + at) * reset * (1.0f - reset);
        store(x, du);
        store(x + n, dr);
        store(x + 2 * n, dc);
        store(p, du);
        store(p + n, dr);
        store(p + 2 * n, dc * reset);
        store(carried + at, dh * update);
        continue;
      }
      float *x = gates + 4 * b * n + i;
      const v4 input = load(x), forget = load(x + n), candidate = load(x + 2 * n), output = load(x + 3 * n);
      const v4 size = mlp_tanh(load(memory + rows * n + at)), dm = held + dh * output * (1.0f - size * size);
      store(x, dm * candidate * input * (1.0f - input));
      store(x + n, dm * load(memory + at) * forget * (1.0f - forget));
      store(x + 2 * n, dm * input * (1.0f - candidate * candidate));
      store(x + 3 * n, dh * size * output * (1.0f - output));
      store(carried + at, dm * forget);
    }
}

SMALL float *recurrent_forward(const rollout *r, const split *s, const recurrent_scratch *m, const int *index, int rows) {
  const int cell = r->sizes[0], steps = r->sizes[1], features = r->sizes[2], units = r->sizes[3];
  const int states = rows * m->width, gates = rows * m->gatesWidth;
  for (int b = 0; b < rows; b++) {
    const float *x = s->inputs + (long)index[b] * steps * features;
    for (int t = 0; t < steps; t++)
      for (int j = 0; j < features; j++) m->input[(t * rows + b) * features + j] = x[t * features + j];
  }
  // One product for all steps: the inputs do not depend on the state.
  gemm(steps * rows, m->gatesWidth, features, m->input, features, 1, m->cell.weight, m->gatesWidth, m->cell.bias, m->gates, m->gatesWidth);
  clear(m->states, states);
  if (cell == CELL_lstm) clear(m->memories, states);
  for (int t = 0; t < steps; t++) {
    const float *state = m->states + t * states;
    gemm(rows, m->gatesWidth, units, state, m->width, 1, m->cell.weight + features * m->gatesWidth, m->gatesWidth, 0, m->product, m->gatesWidth);
    for (int b = 0; b < rows; b++) {
      const int at = t * states + b * m->width;
      recurrent_step(cell, m->width, m->gates + t * gates + b * m->gatesWidth, m->product + b * m->gatesWidth, m->states + at,
        m->states + at + states, m->memories + at, m->memories + at + states);
    }
  }
  layer_forward(&m->head, units, r->sizes[4], rows, m->states + steps * states, m->width, m->logits);
  return m->logits;
}

SMALL void recurrent_backward(const rollout *r, const recurrent_scratch *m, int rows, const float *delta, float *g) {
  const int cell = r->sizes[0], steps = r->sizes[1], features = r->sizes[2], units = r->sizes[3], classes = r->sizes[4];
  const int columns = m->blocks * units, states = rows * m->width, gates = rows * m->gatesWidth;
  layer_backward(&m->head, units, classes, rows, m->states + steps * states, m->width, delta, m->packed, m->sums,
    g + (features + units + 1) * columns, m->stateDelta);
  clear(m->carried, states);
  for (int t = steps - 1; t >= 0; t--) {
    float *product = m->productDelta + t * gates;
    recurrent_step_gradient(cell, rows, m->width, m->gates + t * gates, product, m->states + t * states, m->memories + t * states,
      m->stateDelta, m->carried);
    if (t) gemm(rows, m->width, m->gatesWidth, product, m->gatesWidth, 1, m->cell.transposed, m->width, 0, m->stateDelta, m->width);
  }
  weight_gradient(features, m->blocks, units, steps * rows, m->input, features, m->gates, m->packed, g);
  // The first state is 0.
  weight_gradient(units, m->blocks, units, (steps - 1) * rows, m->states + states, m->width, m->productDelta + gates, m->packed, g + features * columns);
  bias_gradient(m->blocks, units, steps * rows, m->gates, m->sums, g + (features + units) * columns);
}
#endif

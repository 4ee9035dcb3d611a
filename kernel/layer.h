// Layers of weights [in][blocks * out] with their biases behind them, as every kind of network is made of.
#ifndef L2O_LAYER_H
#define L2O_LAYER_H
#include "gemm.h"

INLINE int pad4(int n) { return (n + 3) & ~3; }
INLINE int imax(int a, int b) { return a > b ? a : b; }

// Hands out the pieces of a scratch: to the structs' pointers, or, without structs, their sizes alone.
#define TAKE(pieces, pointer, count) do { if (pieces) (pieces)->pointer = (void *)(scratch + used); used += pad4(count); } while (0)

// Weights in rows whose blocks start at multiples of four, their transpose, and the biases.
typedef struct { float *weight, *transposed, *bias; } layer;

// Where `rows` of numbers w [rows][columns] lie in rows of a multiple of four: where they are, or else as a copy in `room`.
SMALL float *pack_rows(float *room, int rows, int columns, const float *w) {
  const int padded = pad4(columns);
  if (columns == padded) return (float *)w;
  for (int i = 0; i < rows; i++) {
    for (int j = 0; j < columns; j++) room[i * padded + j] = w[i * columns + j];
    for (int j = columns; j < padded; j++) room[i * padded + j] = 0;
  }
  return room;
}
// The way back, for rows that are not in place.
SMALL void unpack_rows(float *to, int rows, int columns, const float *from) {
  for (int i = 0; i < rows; i++) for (int j = 0; j < columns; j++) to[i * columns + j] = from[i * pad4(columns) + j];
}

// Weights and biases w that are of that form already stay in place.
SMALL void pack_layer(layer *to, int in, int blocks, int out, const float *w) {
  to->weight = pack_rows(to->weight, in * blocks, out, w);
  to->bias = pack_rows(to->bias, blocks, out, w + in * blocks * out);
}

// Gradient of the weights, from that of a layer's outputs, delta [rows][blocks * pad4(out)]. `packed` is scratch.
static NOINLINE void weight_gradient(int in, int blocks, int out, int rows, const float *h, int ldh, const float *delta, float *packed, float *g) {
  const int padded = pad4(out), ld = blocks * padded;
  float *to = out == padded ? g : packed;
  gemm(in, ld, rows, h, 1, ldh, delta, ld, 0, to, ld);
  if (to != g) unpack_rows(g, in * blocks, out, to);
}

// Gradient of the biases; `sums` is scratch.
SMALL void bias_gradient(int blocks, int out, int rows, const float *delta, float *sums, float *g) {
  sum_rows(rows, blocks * pad4(out), delta, sums);
  unpack_rows(g, blocks, out, sums);
}

// Outputs [rows][pad4(out)] of a layer for its inputs h.
INLINE void layer_forward(const layer *l, int in, int out, int rows, const float *h, int ldh, float *to) {
  gemm(rows, pad4(out), in, h, ldh, 1, l->weight, pad4(out), l->bias, to, pad4(out));
}

// Gradients of a layer's weights and biases into g, and, where `back` is not 0, of its inputs into back [rows][pad4(in)], which may be h.
SMALL void layer_backward(const layer *l, int in, int out, int rows, const float *h, int ldh, const float *delta, float *packed, float *sums,
                           float *g, float *back) {
  weight_gradient(in, 1, out, rows, h, ldh, delta, packed, g);
  bias_gradient(1, out, rows, delta, sums, g + in * out);
  if (back) gemm(rows, pad4(in), out, delta, pad4(out), 1, l->transposed, pad4(in), 0, back, pad4(in));
}

INLINE void clear(float *x, int n) { __builtin_memset(x, 0, n * sizeof(float)); }

INLINE void add(float *to, const float *x, int n) {
  for (int i = 0; i < n; i += 4) store(to + i, load(to + i) + load(x + i));
}

// Copies n floats; up to three more are read and written.
INLINE void copy_beyond(float *to, const float *from, int n) {
  for (int i = 0; i < n; i += 4) store(to + i, load(from + i));
}
#endif

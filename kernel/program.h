// Networks of any form, as programs: instructions of which each makes a value of an earlier one. sizes: the instructions, then the number
// of outputs. A value has `tokens` rows of `columns` numbers for each example; its parameters lie behind those of the value before.
//
//   input                 the example's features                                 sample a, b   of mean and logarithm of variance, with seeds of
//   dense a, b            a: with biases; b: `compare` has the kernel too                      the splits' noise; the divergence is part of the loss
//   position              adds a parameter for each token                        factors a, b, c   row · column of the factors of a rows and b
//   norm                  layer normalisation                                                  columns, of rank c; the input has their numbers
//   activate a            the activation
//   add a                 the value a
//   attend a              a heads; the input holds query, key, value
//   pool a                mean over tokens; a: weighted by a parameter each
//   compare a             product with the rows of the kernel of value a
#ifndef L2O_PROGRAM_H
#define L2O_PROGRAM_H
#include "program_operations.h"

INLINE instruction instruction_at(const rollout *r, int i) {
  instruction is;
  __builtin_memcpy(&is, r->sizes + i * INSTRUCTION_INTS, sizeof is);
  return is;
}

// Rows and columns of a value's first parameter; the second, where there is one, has a row of as many columns.
SMALL void program_weights(instruction is, instruction from, int *rows, int *columns, int *vectors) {
  *rows = *vectors = 0;
  *columns = is.columns;
  switch (is.op) {
    case OP_dense: *rows = from.columns; *vectors = is.a; break;
    case OP_position: *rows = is.tokens; break;
    case OP_norm: *rows = *vectors = 1; break;
    case OP_pool: *rows = is.a ? from.tokens : 0; *columns = 1; break;
    case OP_factors: *rows = is.a + is.b; *columns = is.c; break;
  }
}

SMALL int program_layout(const rollout *r, int rows, float *scratch, program_scratch *m) {
  const int count = r->numSizes / INSTRUCTION_INTS;
  int used = 0, at = 0, largest = 0, kernel = 0, widest = 0;
  if (m) m->count = count;
  TAKE(m, divergence, 1);
  TAKE(m, values, count * (int)(sizeof(program_value) / sizeof(float)));
  for (int i = 0; i < count; i++) {
    const instruction is = instruction_at(r, i), from = instruction_at(r, is.from);
    const int ld = pad4(is.columns), all = rows * is.tokens, heads = is.op == OP_attend ? is.a : 0;
    int in, out, vectors;
    program_weights(is, from, &in, &out, &vectors);
    if (m) {
      m->values[i].is = is;
      m->values[i].at = at;
      m->values[i].ld = ld;
    }
    at += (in + vectors) * out;
    TAKE(m, values[i].weights.weight, in * pad4(out));
    TAKE(m, values[i].weights.transposed, is.op == OP_dense ? out * pad4(in) : 0);
    TAKE(m, values[i].weights.bias, vectors * pad4(out));
    TAKE(m, values[i].value, all * ld);
    TAKE(m, values[i].gradient, all * ld);
    TAKE(m, values[i].kept, is.op == OP_norm ? all * (ld + 1) : is.op == OP_sample ? rows * is.columns : heads * all * pad4(is.tokens));
    if (heads) used += attention_layout(is.tokens, is.columns / heads, scratch ? scratch + used : 0, m ? &m->values[i].head : 0);
    largest = imax(largest, all * ld);
    kernel = imax(kernel, imax(in * pad4(out), is.op == OP_position ? is.tokens * ld : 0));
    widest = imax(widest, imax(2 * ld, is.tokens * ld));
  }
  TAKE(m, room, largest);
  TAKE(m, packed, kernel);
  TAKE(m, shared, kernel);
  TAKE(m, sums, widest);
  return used;
}

SMALL void program_pack(const rollout *r, program_scratch *m, const float *w) {
  for (int i = 0; i < m->count; i++) {
    program_value *v = &m->values[i];
    int in, out, vectors;
    program_weights(v->is, instruction_at(r, v->is.from), &in, &out, &vectors);
    if (v->is.op == OP_dense && (v->is.from || v->is.b)) transpose(in, out, w + v->at, out, v->weights.transposed, pad4(in));
    v->weights.weight = pack_rows(v->weights.weight, in, out, w + v->at);
    v->weights.bias = pack_rows(v->weights.bias, vectors, out, w + v->at + in * out);
  }
}

SMALL float *program_forward(const rollout *r, const split *s, const program_scratch *m, const int *index, int rows, int step) {
  *m->divergence = 0;
  program_input(s, &m->values[0], index, rows);
  for (int i = 1; i < m->count; i++) {
    const program_value *v = &m->values[i], *from = &m->values[v->is.from], *other = &m->values[v->is.a];
    const int all = rows * v->is.tokens, in = from->is.columns;
    const float *x = from->value;
    switch (v->is.op) {
      case OP_dense: gemm(all, v->ld, in, x, from->ld, 1, v->weights.weight, v->ld, v->is.a ? v->weights.bias : 0, v->value, v->ld); break;
      case OP_position: program_position(rows, v->is.tokens * v->ld, x, v->weights.weight, v->value); break;
      case OP_norm: norm_forward(all, in, x, &v->weights, v->kept, v->kept + all * v->ld, v->value); break;
      case OP_activate:
        if (v->is.a == ACTIVATION_gelu) {
          gelu(x, v->value, all * v->ld);
        } else {
          __builtin_memcpy(v->value, x, all * v->ld * sizeof(float));
          mlp_activate(v->is.a, v->value, all * v->ld);
        }
        break;
      case OP_add:
        __builtin_memcpy(v->value, x, all * v->ld * sizeof(float));
        add(v->value, other->value, all * v->ld);
        break;
      case OP_attend:
        clear(v->value, all * v->ld);
        for (int b = 0; b < rows; b++)
          for (int h = 0; h < v->is.a; h++) {
            const int tokens = v->is.tokens, shares = tokens * pad4(tokens), column = h * v->head.size;
            attention_forward(&v->head, x + b * tokens * from->ld + column, v->is.columns, v->kept + (b * v->is.a + h) * shares,
              v->value + b * tokens * v->ld + column);
          }
        break;
      case OP_pool: program_pool(rows, from->is.tokens, v, x); break;
      case OP_compare: gemm(all, v->ld, in, x, from->ld, 1, other->weights.transposed, v->ld, 0, v->value, v->ld); break;
      case OP_sample:
        normal_numbers(forked_generator(s == r->splits ? v->is.a : v->is.b, step), v->kept, rows * v->is.columns);
        program_sample(m, v, x, from->ld, rows);
        break;
      case OP_factors: program_factors(v, x, rows, v->weights.weight, 0); break;
    }
  }
  return m->values[m->count - 1].value;
}

// `delta`, the gradient of the last value, is in that value's place: that value is of `dense`, `compare` or `factors`.
SMALL void program_backward(const program_scratch *m, int rows, float *delta, float *g) {
  for (int i = 0; i < m->count; i++) m->values[i].hasGradient = 0;
  m->values[m->count - 1].gradient = delta;
  for (int i = m->count - 1; i > 0; i--) {
    program_value *v = &m->values[i], *from = &m->values[v->is.from], *other = &m->values[v->is.a];
    const int all = rows * v->is.tokens, in = from->is.columns, size = all * v->ld;
    const float *x = from->value, *d = v->gradient;
    // What reaches a value by several ways is added up.
    float *to = from->hasGradient ? m->room : from->gradient, *own = g + v->at;
    switch (v->is.op) {
      case OP_dense: {
        float *kernel = v->is.b ? m->shared : own;
        weight_gradient(in, 1, v->is.columns, all, x, from->ld, d, m->packed, kernel);
        if (v->is.b) for (int k = 0; k < in * v->is.columns; k++) own[k] += kernel[k];
        if (v->is.a) bias_gradient(1, v->is.columns, all, d, m->sums, own + in * v->is.columns);
        if (v->is.from) gemm(all, from->ld, v->is.columns, d, v->ld, 1, v->weights.transposed, from->ld, 0, to, from->ld);
        break;
      }
      case OP_position:
        sum_rows(rows, v->is.tokens * v->ld, d, m->sums);
        unpack_rows(own, v->is.tokens, v->is.columns, m->sums);
        __builtin_memcpy(to, d, size * sizeof(float));
        break;
      case OP_norm:
        norm_gradient(all, in, d, &v->weights, v->kept, v->kept + size, to, m->sums);
        unpack_rows(own, 2, in, m->sums);
        break;
      case OP_activate:
        if (v->is.a == ACTIVATION_gelu) {
          gelu_gradient(x, d, to, size);
        } else {
          __builtin_memcpy(to, d, size * sizeof(float));
          mlp_activation_gradient(v->is.a, v->value, to, size);
        }
        break;
      case OP_add:
        __builtin_memcpy(to, d, size * sizeof(float));
        if (other->hasGradient) add(other->gradient, d, size);
        else __builtin_memcpy(other->gradient, d, size * sizeof(float));
        other->hasGradient = 1;
        break;
      case OP_attend:
        clear(to, all * from->ld);
        for (int b = 0; b < rows; b++)
          for (int h = 0; h < v->is.a; h++) {
            const int tokens = v->is.tokens, shares = tokens * pad4(tokens), column = h * v->head.size, first = b * tokens * from->ld + column;
            attention_gradient(&v->head, x + first, v->is.columns, v->kept + (b * v->is.a + h) * shares, d + b * tokens * v->ld + column, to + first);
          }
        break;
      case OP_pool: program_pool_gradient(rows, from->is.tokens, v, x, to, g); break;
      case OP_compare: program_compare_gradient(m, v, from, all, g, to); break;
      case OP_sample: program_sample_gradient(v, x, from->ld, rows, to); break;
      case OP_factors:
        clear(own, (v->is.a + v->is.b) * v->is.c);
        program_factors(v, x, rows, v->weights.weight, own);
        break;
    }
    if (from->hasGradient) add(from->gradient, m->room, rows * from->is.tokens * from->ld);
    from->hasGradient = 1;
  }
}
#endif

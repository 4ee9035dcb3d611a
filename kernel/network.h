// Loss and gradient of a network on a batch drawn from a split's examples. A split's inputs are [examples][inputs], its answers int
// classes for softmaxCrossEntropy, else numbers [examples][outputs].
#ifndef L2O_NETWORK_H
#define L2O_NETWORK_H
#include "conv.h"
#include "losses.h"
#include "mix.h"
#include "mlp.h"
#include "program.h"
#include "recurrent.h"

INLINE int is_network(const rollout *r) { return r->task == TASK_dense || r->task == TASK_conv || r->task == TASK_recurrent || r->task == TASK_program; }

typedef struct {
  int *index;
  float *sums;
  union { mlp_scratch mlp; conv_scratch conv; recurrent_scratch recurrent; program_scratch program; };
} network;

// Floats of scratch that a batch needs; with `m` not null, also lays the pieces out from `scratch`.
SMALL int network_layout(const rollout *r, float *scratch, network *m) {
  const int rows = imax(r->splits[0].batchSize, r->splits[1].batchSize);
  int used = 0;
  TAKE(m, index, rows);
  TAKE(m, sums, rows);
  if (scratch) scratch += used;
  switch (r->task) {
    case TASK_conv: return used + conv_layout(r, rows, scratch, m ? &m->conv : 0);
    case TASK_recurrent: return used + recurrent_layout(r, rows, scratch, m ? &m->recurrent : 0);
    case TASK_program: return used + program_layout(r, rows, scratch, m ? &m->program : 0);
    default: return used + mlp_layout(r, rows, scratch, m ? &m->mlp : 0);
  }
}

// Brings the weights into the form that the products need; for the gradient, transposed too.
static void network_pack(const rollout *r, network *m, const float *w, int with_gradient) {
  switch (r->task) {
    case TASK_conv: conv_pack(r, &m->conv, w, with_gradient); break;
    case TASK_recurrent: recurrent_pack(r, &m->recurrent, w, with_gradient); break;
    case TASK_program: program_pack(r, &m->program, w); break;
    default: mlp_pack(r, &m->mlp, w, with_gradient);
  }
}

// The outputs for the examples of m->index, in the batch of a step.
static float *network_forward(const rollout *r, const split *s, const network *m, int rows, int step) {
  switch (r->task) {
    case TASK_conv: return conv_forward(r, s, &m->conv, m->index, rows);
    case TASK_recurrent: return recurrent_forward(r, s, &m->recurrent, m->index, rows);
    case TASK_program: return program_forward(r, s, &m->program, m->index, rows, step);
    default: return mlp_forward(r, s, &m->mlp, m->index, rows);
  }
}

static void network_backward(const rollout *r, const network *m, int rows, float *delta, float *g) {
  switch (r->task) {
    case TASK_conv: conv_backward(r, &m->conv, rows, delta, g); break;
    case TASK_recurrent: recurrent_backward(r, &m->recurrent, rows, delta, g); break;
    case TASK_program: program_backward(&m->program, rows, delta, g); break;
    default: mlp_backward(r, &m->mlp, rows, delta, g);
  }
}

// Loss on the batch of a step at the weights w; g, where not 0, receives the gradient, *right the number of right classes.
static float network_loss_at(const rollout *r, const split *s, int step, const float *w, float *g, float *scratch, int *right) {
  network m;
  const int rows = s->batchSize;
  network_layout(r, scratch, &m);
  // A counter-based generator: a batch depends on its split's seed and the step alone. `batchRows` of the task families is the same.
  const unsigned key = mix32(s->seed ^ (0x9e3779b9u * (unsigned)(step + 1)));
  for (int b = 0; b < rows; b++) m.index[b] = s->inOrder ? b : (int)(mix32(key + (unsigned)b * 0x85ebca6bu) % (unsigned)s->numExamples);
  network_pack(r, &m, w, g != 0);
  float *delta = network_forward(r, s, &m, rows, step);
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  if (right) *right = mlp_count_right(r, s, delta, rows, ld, m.index);
  float loss = mlp_loss(r, s, delta, rows, ld, m.index, m.sums);
  if (r->task == TASK_program) loss += *m.program.divergence / rows;
  if (g) network_backward(r, &m, rows, delta, g);
  if (r->strength != 0) loss += mlp_penalty(r, w, g);
  return loss;
}

// Mean loss over all examples of a split, in batches; *right is the number of right classes.
SMALL double network_whole_split(const rollout *r, const split *s, const float *w, float *scratch, int *right) {
  network m;
  const int ld = pad4(r->sizes[r->numSizes - 1]);
  network_layout(r, scratch, &m);
  network_pack(r, &m, w, 0);
  double total = 0;
  *right = 0;
  for (int start = 0; start < s->numExamples; start += s->batchSize) {
    const int rows = s->numExamples - start < s->batchSize ? s->numExamples - start : s->batchSize;
    for (int b = 0; b < rows; b++) m.index[b] = start + b;
    float *z = network_forward(r, s, &m, rows, start / s->batchSize);
    *right += mlp_count_right(r, s, z, rows, ld, m.index);
    total += (double)mlp_loss(r, s, z, rows, ld, m.index, m.sums) * rows;
    if (r->task == TASK_program) total += *m.program.divergence;
  }
  return total / s->numExamples;
}
#endif

// The tasks that the rollout engine knows: loss and gradient at given parameters, on the batch of a step of a split.
#ifndef L2O_TASK_H
#define L2O_TASK_H
#include "least_squares.h"
#include "network.h"
#include "test_functions.h"

enum { TRAIN, VALIDATION };

// Floats of scratch that a rollout's task needs; r->scratch, r->grads and r->params need not be there yet.
static int task_scratch(const rollout *r) {
  const int scaled = r->scales ? pad4(r->numParams) : 0;
  if (is_network(r)) return scaled + network_layout(r, 0, 0);
  switch (r->task) {
    case TASK_quadratic:
    case TASK_lasso: return scaled + least_squares_scratch(r);
    default: return scaled + test_function_scratch(r);
  }
}

// The parameters as the task sees them: times the scales, where there are any. Moves *scratch past what that takes.
static const float *task_weights(const rollout *r, const float *p, float **scratch) {
  if (!r->scales) return p;
  float *w = *scratch;
  for (int i = 0; i < r->numParams; i++) w[i] = p[i] * r->scales[i];
  *scratch += pad4(r->numParams);
  return w;
}

// Loss at parameters p, as the optimizer sees them; g receives the gradient with respect to them, or is 0. *right, where it is not
// 0, receives the number of right classes of a network.
static float task_loss(const rollout *r, int which, int step, const float *p, float *g, int *right) {
  float *scratch = r->scratch;
  const float *w = task_weights(r, p, &scratch);
  const split *s = &r->splits[which];
  float loss = 0;
  switch (r->task) {
    case TASK_dense:
    case TASK_conv:
    case TASK_recurrent:
    case TASK_program: loss = network_loss_at(r, s, step, w, g, scratch, right); break;
    case TASK_quadratic:
    case TASK_lasso: loss = least_squares(r, s, w, g, scratch); break;
    default: loss = test_function(r, s, w, g, scratch); break;
  }
  if (g && r->scales) for (int i = 0; i < r->numParams; i++) g[i] *= r->scales[i];
  return loss;
}
#endif

// Written by scripts/build-kernel.ts from src/rollout/engine-layout.ts. Do not edit.
#ifndef ROLLOUT_LAYOUT_H
#define ROLLOUT_LAYOUT_H
#define LANES 8
enum { ACTIVATION_relu, ACTIVATION_tanh, ACTIVATION_sigmoid, ACTIVATION_elu, ACTIVATION_leakyRelu, ACTIVATION_softplus, ACTIVATION_gelu };
enum { LOSS_softmaxCrossEntropy, LOSS_sigmoidCrossEntropy, LOSS_meanSquaredError, LOSS_huberLoss, LOSS_absoluteDifference, LOSS_halfSquaredError, LOSS_evidenceBound };
enum { TASK_dense, TASK_quadratic, TASK_lasso, TASK_rosenbrock, TASK_rastrigin, TASK_ackley, TASK_griewank, TASK_conv, TASK_recurrent, TASK_program };
enum { DOWNSAMPLING_stride, DOWNSAMPLING_maxPool, DOWNSAMPLING_averagePool };
enum { HEAD_flatten, HEAD_globalAverage };
enum { CELL_simple, CELL_gru, CELL_lstm };
enum { OP_input, OP_dense, OP_position, OP_norm, OP_activate, OP_add, OP_attend, OP_pool, OP_compare, OP_sample, OP_factors };
enum { RULE_tensor_lstm, RULE_adam, RULE_sgd, RULE_lstm_dm, RULE_rnnprop, RULE_scale };
enum { SCHEDULE_constant, SCHEDULE_cosine };
typedef struct {
  int rank;
  int size;
  int last;
} tensor_info;
typedef struct {
  const float* inputs;
  const void* answers;
  int numExamples;
  int batchSize;
  unsigned seed;
  int inOrder;
} split;
typedef struct {
  int op;
  int from;
  int tokens;
  int columns;
  int a;
  int b;
  int c;
} instruction;
typedef struct {
  int rule;
  int schedule;
  int parameterScale;
  int hasLoss;
  int step;
  float horizon;
  float learningRate;
  float weightDecay;
  float momentum;
  const float* theta;
  float* slots;
  float* tensorSlots;
  float* lossSlots;
  float* ruleScratch;
  int numTensors;
  int numParams;
  const tensor_info* tensors;
  float* params;
  float* grads;
  float* scratch;
  int task;
  int numSizes;
  const int* sizes;
  int activation;
  int lossKind;
  float strength;
  const float* scales;
  split splits[2];
} rollout;
#endif

// Written by scripts/build-kernel.ts from src/rollout/engine-layout.ts. Do not edit.
#ifndef ROLLOUT_LAYOUT_H
#define ROLLOUT_LAYOUT_H
#define MAX_LAYERS 8
enum { ACTIVATION_relu, ACTIVATION_tanh, ACTIVATION_sigmoid, ACTIVATION_elu, ACTIVATION_leakyRelu, ACTIVATION_softplus };
enum { LOSS_softmaxCrossEntropy, LOSS_meanSquaredError };
enum { RULE_tensor_lstm, RULE_adam, RULE_sgd };
typedef struct {
  int numLayers;
  int batchSize;
  int activation;
  int lossKind;
  int numExamples;
  int rule;
  int parameterScale;
  int hasLoss;
  unsigned seed;
  int step;
  float horizon;
  float learningRate;
  float weightDecay;
  float momentum;
  const float* data;
  const int* labels;
  const float* targets;
  float* params;
  float* grads;
  const float* scales;
  float* slots;
  float* tensorSlots;
  float* lossSlots;
  float* scratch;
  int sizes[MAX_LAYERS + 1];
} rollout;
#endif

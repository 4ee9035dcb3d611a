// Runs every kind of task of the rollout engine natively, for AddressSanitizer and UndefinedBehaviorSanitizer, and checks its gradients
// against differences of its losses.
#include "engine-case.h"

static void test_network(int layers, const int *sizes, int batch, int activation, int loss_kind, int rule, int scaled) {
  tensor_info tensors[32];
  for (int l = 0; l < layers; l++) {
    tensors[2 * l] = (tensor_info){2, sizes[l] * sizes[l + 1], sizes[l + 1]};
    tensors[2 * l + 1] = (tensor_info){1, sizes[l + 1], sizes[l + 1]};
  }
  const rollout r = {
    .task = TASK_dense, .numSizes = layers + 1, .sizes = sizes, .activation = activation, .lossKind = loss_kind, .strength = batch & 1 ? 0.01f : 0,
    .numTensors = 2 * layers, .tensors = tensors, .splits = {{.batchSize = batch}, {.batchSize = batch + 2}},
  };
  const int kinked = activation == ACTIVATION_relu || activation == ACTIVATION_leakyRelu || loss_kind == LOSS_absoluteDifference;
  test_case(start_case(r, EXAMPLES * sizes[0], EXAMPLES * sizes[layers], rule, scaled), !kinked);
}

// Kernel and bias of a layer.
static void add_layer(rollout *r, tensor_info *tensors, int in, int out) {
  tensors[r->numTensors++] = (tensor_info){2, in * out, out};
  tensors[r->numTensors++] = (tensor_info){1, out, out};
}

static void test_conv_net(int side, int downsampling, int head, int depth, const int *channels, int classes, int batch, int activation, int rule, int scaled) {
  tensor_info tensors[6];
  int sizes[8] = {side, downsampling, head}, end = side, in = 1;
  rollout r = {
    .task = TASK_conv, .numSizes = 4 + depth, .sizes = sizes, .activation = activation, .lossKind = LOSS_softmaxCrossEntropy, .tensors = tensors,
    .splits = {{.batchSize = batch}, {.batchSize = batch + 2}},
  };
  for (int l = 0; l < depth; l++) {
    sizes[3 + l] = channels[l];
    add_layer(&r, tensors, 9 * in, channels[l]);
    in = channels[l];
    end = (end + 1) / 2;
  }
  sizes[3 + depth] = classes;
  add_layer(&r, tensors, head == HEAD_flatten ? end * end * in : in, classes);
  const int kinked = activation == ACTIVATION_relu || activation == ACTIVATION_leakyRelu || downsampling == DOWNSAMPLING_maxPool;
  test_case(start_case(r, EXAMPLES * side * side, EXAMPLES, rule, scaled), !kinked);
}

static void test_recurrent_net(int cell, int steps, int features, int units, int classes, int batch, int rule, int scaled) {
  tensor_info tensors[5];
  const int sizes[] = {cell, steps, features, units, classes}, columns = units * (cell == CELL_simple ? 1 : cell == CELL_gru ? 3 : 4);
  rollout r = {
    .task = TASK_recurrent, .numSizes = 5, .sizes = sizes, .lossKind = LOSS_softmaxCrossEntropy, .tensors = tensors,
    .splits = {{.batchSize = batch}, {.batchSize = batch + 2}},
  };
  tensors[r.numTensors++] = (tensor_info){2, features * columns, columns};
  add_layer(&r, tensors, units, columns);
  add_layer(&r, tensors, units, classes);
  test_case(start_case(r, EXAMPLES * steps * features, EXAMPLES, rule, scaled), 1);
}

static void test_function_task(int task, int dimension, int rows, int rule, int scaled) {
  const int sizes[] = {dimension, rows};
  const tensor_info tensor = {1, dimension, dimension};
  const rollout r = {
    .task = task, .numSizes = 2, .sizes = sizes, .strength = task == TASK_lasso ? 0.01f : 0, .numTensors = 1, .tensors = &tensor,
    .splits = {{.batchSize = 1}, {.batchSize = 1}},
  };
  test_case(start_case(r, dimension * (rows ? rows : 1), dimension > rows ? dimension : rows, rule, scaled), 1);
}

static void test_angles(void) {
  for (float x = -2000; x <= 2000; x += 0.713f) {
    double sine, cosine;
    sine_cosine(x, &sine, &cosine);
    CHECK(fabs(sine - sin((double)x)) < 1e-9 && fabs(cosine - cos((double)x)) < 1e-9, "sine and cosine of %g: %g, %g", (double)x, sine, cosine);
    const double y = -fabs((double)x) / 50;
    CHECK(fabs(negative_expm1(y) / expm1(y) - 1) < 1e-12, "expm1(%g) gives %g", y, negative_expm1(y));
  }
  double sine, cosine;
  sine_cosine(NAN, &sine, &cosine);
  CHECK(isnan(sine) && isnan(cosine), "of NaN: %g, %g", sine, cosine);
  sine_cosine(1e30f, &sine, &cosine);
  CHECK(sine == 0 && cosine == 1, "far out: %g, %g", sine, cosine);
  for (float x = -20; x <= 20; x += 0.0137f) {
    CHECK(fabs(mlp_tanh(splat(x))[0] - tanh((double)x)) <= 3e-7 * fabs(tanh((double)x)), "tanh(%g) gives %g", (double)x, (double)mlp_tanh(splat(x))[0]);
    const double low = -fabs((double)x);
    CHECK(fabs(mlp_expm1(splat((float)low))[0] - expm1(low)) <= 5e-7 * fabs(expm1(low)), "expm1(%g) gives %g", low, (double)mlp_expm1(splat((float)low))[0]);
    const double e = exp((double)(float)low), inside = (double)(float)e;
    CHECK(fabs(mlp_log1p(splat((float)e))[0] - log1p(inside)) <= 5e-7 * log1p(inside), "log1p(%g) gives %g", e, (double)mlp_log1p(splat((float)e))[0]);
  }
}

int main(void) {
  const int networks[][13] = {{1, 1}, {3, 5, 2}, {64, 33, 10}, {7, 9, 6, 13, 3}, {2, 3, 4, 5, 6, 7, 8, 9, 10, 3, 4, 5, 6}};
  const int layers[] = {1, 2, 2, 4, 12}, batches[] = {1, 3, 4, 7};
  for (int i = 0; i < 5; i++)
    for (int b = 0; b < 4; b++)
      for (int activation = ACTIVATION_relu; activation <= ACTIVATION_softplus; activation++)
        for (int loss = LOSS_softmaxCrossEntropy; loss <= LOSS_absoluteDifference; loss++)
          for (int rule = RULE_tensor_lstm; rule <= RULE_sgd; rule++)
            test_network(layers[i], networks[i], batches[b], activation, loss, rule, (b + activation + loss) & 1);
  const int channels[][2] = {{1, 5}, {4, 3}, {9, 8}};
  for (int side = 1; side <= 9; side++)
    for (int downsampling = DOWNSAMPLING_stride; downsampling <= DOWNSAMPLING_averagePool; downsampling++)
      for (int head = HEAD_flatten; head <= HEAD_globalAverage; head++)
        for (int depth = 1; depth <= 2; depth++)
          for (int i = 0; i < 3; i++) {
            const int activation = (side + downsampling + i) % (ACTIVATION_softplus + 1), batch = 1 + (side + i) % 5;
            test_conv_net(side, downsampling, head, depth, channels[i], 2 + side, batch, activation, i, (side + i) & 1);
          }
  for (int cell = CELL_simple; cell <= CELL_lstm; cell++)
    for (int units = 1; units <= 9; units++)
      for (int steps = 1; steps <= 5; steps += 2)
        for (int features = 1; features <= 5; features += 4)
          for (int batch = 1; batch <= 4; batch += 3) test_recurrent_net(cell, steps, features, units, 1 + units, batch, units % 3, (units + batch) & 1);
  for (int n = 2; n <= 19; n++)
    for (int rule = RULE_tensor_lstm; rule <= RULE_sgd; rule++)
      for (int scaled = 0; scaled < 2; scaled++) {
        test_function_task(TASK_quadratic, n - 1, n - 1, rule, scaled);
        for (int rows = 1; rows <= 9; rows += 4) test_function_task(TASK_lasso, n - 1, rows, rule, scaled);
        for (int task = TASK_rosenbrock; task <= TASK_griewank; task++) test_function_task(task, n, 0, rule, scaled);
      }
  test_angles();
  printf("%ld checks passed\n", checks);
  return 0;
}

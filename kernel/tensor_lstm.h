// The rule tensor-lstm: see src/rules/tensor-lstm/spec.ts for its description and its layout.
// Included by the optimizer's step kernel and by the rollout engine, so that what is meta-trained is what ships.
// No static data and no arrays on a stack: the step kernel may run inside a memory that is not its own.
#ifndef L2O_TENSOR_LSTM_H
#define L2O_TENSOR_LSTM_H
#include "simd.h"
#include "tensor_lstm_layout.h"

// What the per-parameter pass needs of one tensor, as floats in a scratch array.
enum {
  K_GRADIENT_SCALE, K_STEP, K_DECAY, K_NORM_G, K_NORM_M1, K_NORM_M2, K_NORM_P, K_NORM_V,
  K_BIAS_M1, K_BIAS_M2, K_BIAS_V, K_EPSILON, K_MIX, K_HIDDEN = K_MIX + TL_NUM_MIXED,
  // What tl_fold adds: limits and factors of the features, and the hidden layer's weights times those factors.
  K_LIMIT = K_HIDDEN + TL_NUM_PARAMETER_HIDDEN, K_FACTOR = K_LIMIT + TL_NUM_PARAMETER_FEATURES, K_KERNEL = K_FACTOR + TL_NUM_PARAMETER_FEATURES,
  K_SIZE = K_KERNEL + TL_NUM_PARAMETER_INPUTS * TL_NUM_PARAMETER_HIDDEN
};
// Sums that the per-parameter pass returns, for the next step's normalisers.
enum { S_M1M1, S_M2M2, S_PP, S_GM1, S_M1M2, S_DD, S_SIZE };
// Options of a step that do not change from tensor to tensor.
typedef struct {
  float learning_rate, weight_decay, horizon, time, loss, guard, log_num_tensors, mean_snr, floor;
  int has_loss, parameter_scale;
} tl_step;

INLINE float tl_rms(float mean_square) { return ssqrt(mean_square); }
// softsign(a / b) for b > 0, without the ratio, which may overflow.
INLINE float softsign_ratio(float a, float b) { return a / (b + sabs(a)); }
// The loss's noise, kept above what rounding alone would make of it.
INLINE float tl_noise(float noise, float level) { return noise + TL_LOSS_NOISE_LEAST * sabs(level) + TL_TINY; }
// 1 - beta^count in double: the float result is exact to one ulp for any count.
INLINE float tl_bias(double beta, int count) {
  double power = 1.0;
  for (double b = beta; count; count >>= 1, b *= b) if (count & 1) power *= b;
  return (float)(1.0 - power);
}

// Takes this step's loss into the loss slots L and writes the global features to x; returns guard times pace.
static float tl_global(const float *theta, float *L, const tl_step *s, float *x) {
  // A run that goes on past its end is planned anew, for twice as long: the LSTM knows no run that stands at its end.
  const float t = s->time;
  float horizon = s->horizon;
  if (horizon > 0) while (horizon <= t) horizon *= 2;
  const float has = horizon > 0 && horizon <= TL_HORIZON_KNOWN ? 1.0f : 0.0f;
  const float f = has > 0 ? t / horizon : 0.0f;
  x[0] = has;
  x[1] = has * (2 * f - 1);
  x[2] = has * stanh(10 * (f - 0.1f));
  x[3] = has * (slog(1.01f - f) * 0.43429448f + 1);
  x[4] = has * stanh(20 * (f - 0.95f));
  x[5] = has > 0 ? sclamp((slog(horizon) - 6.5f) * 0.5f, -3, 3) : 0;
  const float known = smin(t, TL_TIME_KNOWN), log_time = slog(known + 1);
  x[6] = stanh(log_time * 0.33333333f - 1);
  x[7] = smin((log_time - 4) * 0.33333333f, 3);
  x[8] = 1 / ssqrt(known + 1);
  const float known_share = t > TL_TIME_KNOWN ? TL_TIME_KNOWN / t : 1;
  const float cooldown = smax(theta[TL_OFFSET_cooldown], 0), decay = smax(theta[TL_OFFSET_decay], 0);
  float pace;
  if (has > 0) {
    pace = sexp(cooldown * slog(smin(1, (1 - f) / TL_COOLDOWN_SHARE)));
  } else {
    const float slower = sexp(-0.5f * decay * slog(1 + known / TL_DECAY_TIME));
    pace = slower * (horizon > 0 ? ssqrt(known_share) * (1 - t / horizon) : known_share);
  }
  if (!s->has_loss) {
    for (int i = 9; i < TL_NUM_GLOBAL_FEATURES; i++) x[i] = 0;
    return pace;
  }
  const float loss = s->loss;
  float surprise = 0;
  if (L[TL_LOSS_seen] == 0) {
    L[TL_LOSS_first] = L[TL_LOSS_fast] = L[TL_LOSS_slow] = L[TL_LOSS_slower] = L[TL_LOSS_minimum] = loss;
    L[TL_LOSS_noise] = 0;
    L[TL_LOSS_seen] = 1;
  } else {
    const float seen = L[TL_LOSS_seen], deviation = loss - L[TL_LOSS_fast], rate = 1 / (seen + 1);
    surprise = softsign_ratio(0.5f * deviation, tl_noise(L[TL_LOSS_noise], L[TL_LOSS_fast]));
    L[TL_LOSS_noise] += (sabs(deviation) - L[TL_LOSS_noise]) * smax(TL_LOSS_NOISE, 1 / seen);
    L[TL_LOSS_fast] += deviation * smax(TL_LOSS_FAST, rate);
    L[TL_LOSS_slow] += (loss - L[TL_LOSS_slow]) * smax(TL_LOSS_SLOW, rate);
    L[TL_LOSS_slower] += (loss - L[TL_LOSS_slower]) * smax(TL_LOSS_SLOWER, rate);
    L[TL_LOSS_minimum] = smin(L[TL_LOSS_fast], L[TL_LOSS_minimum] + (L[TL_LOSS_fast] - L[TL_LOSS_minimum]) * TL_LOSS_FORGET);
    L[TL_LOSS_seen] = smin(seen + 1, 1e6f);
  }
  const float fast = L[TL_LOSS_fast], slow = L[TL_LOSS_slow], noise = tl_noise(L[TL_LOSS_noise], fast), least = L[TL_LOSS_minimum];
  const float first = sabs(L[TL_LOSS_first]) * 1e-5f + TL_TINY;
  const float rise = slog(1 + smin((fast - least) / (sabs(least) + 2 * noise), 1e9f));
  x[9] = 1;
  x[10] = softsign_ratio(fast - slow, noise);
  x[11] = surprise;
  x[12] = sclamp(slog((sabs(fast) + first) / (sabs(L[TL_LOSS_first]) + first)) * 0.25f, -3, 3);
  x[13] = sclamp(4 * (fast - slow) / (smax(sabs(slow), noise) + TL_TINY), -2, 2);
  x[14] = smin(rise, TL_GUARD_RANGE) * 0.5f;
  x[15] = softsign_ratio(slow - L[TL_LOSS_slower], noise);
  x[16] = (slog(smin(noise / (sabs(fast) + TL_TINY), 1e4f) + 1e-4f) + 3) * 0.25f;
  return pace * sexp(-smax(theta[TL_OFFSET_guard], 0) * sclamp(rise - TL_GUARD_SLACK, 0, TL_GUARD_RANGE));
}

// log of the fast momentum's RMS over the gradient's, both bias-corrected, from the last step's statistics.
INLINE float tl_snr(const float *S, float mean_square, float bias_m, float bias_v) {
  return sclamp(0.5f * slog((mean_square / (bias_m * bias_m) + TL_TINY) / (S[TL_SLOT_meanV2] / bias_v + TL_TINY)), -4, 4);
}
INLINE float tl_tensor_snr(const float *S) {
  const int count = (int)S[TL_SLOT_count];
  return count ? tl_snr(S, S[TL_SLOT_meanSquareM1], tl_bias(TL_BETA_M1, count), tl_bias(TL_BETA_V2, count)) : 0;
}

// The least RMS that a tensor's steps are relative to, from the mean square of all parameters at their first step.
INLINE float tl_floor(double initial_mean_square) {
  const float rms = tl_rms((float)initial_mean_square);
  return rms < TL_FLOOR_UNKNOWN ? TL_FLOOR_ABSOLUTE : TL_FLOOR_RELATIVE * rms;
}

// Runs the LSTM of one tensor: slots S, sum of its squared gradients gg, n parameters, rank and size of its last axis.
// x holds the global features and takes the tensor's; z is scratch of 4 * TL_NUM_HIDDEN; K receives the coefficients.
static void tl_tensor(const float *theta, const tl_step *s, float *S, double gg, double pp, int n, int rank, int last,
                      float gradient_scale, float *x, float *z, float *K) {
  const float ms_g = (float)(gg * (double)gradient_scale * (double)gradient_scale / n);
  int count = (int)S[TL_SLOT_count];
  if (count == 0) {
    S[TL_SLOT_meanSquareP] = (float)(pp / n);
    S[TL_SLOT_initialRms] = tl_rms(S[TL_SLOT_meanSquareP]);
  }
  const float rms_p = tl_rms(S[TL_SLOT_meanSquareP]), floored = smax(rms_p, s->floor);
  float *u = x + TL_NUM_GLOBAL_FEATURES;
#ifdef TL_FRESH_STATISTICS
  const int seen = count + 1;  // the slots already hold the momenta of this step
#else
  const int seen = count;
#endif
  if (count) {
    const float b_m1 = tl_bias(TL_BETA_M1, seen), b_m2 = tl_bias(TL_BETA_M2, seen);
    const float b_v1 = tl_bias(TL_BETA_V1, count), b_v2 = tl_bias(TL_BETA_V2, count);
    const float v2 = S[TL_SLOT_meanV2] / b_v2 + TL_TINY;
    u[0] = sclamp(0.5f * slog((ms_g + TL_TINY) / v2), -3, 3);
    u[1] = S[TL_SLOT_cosGradientMomentum];
    u[2] = S[TL_SLOT_cosMomenta];
    u[3] = 0.5f * tl_snr(S, S[TL_SLOT_meanSquareM1], b_m1, b_v2);
    u[4] = 0.5f * tl_snr(S, S[TL_SLOT_meanSquareM2], b_m2, b_v2);
    u[5] = sclamp(0.5f * slog((S[TL_SLOT_meanV1] / b_v1 + TL_TINY) / v2), -3, 3);
    u[6] = 0.5f * sclamp(slog(floored / smax(S[TL_SLOT_initialRms], s->floor)), -4, 4);
    u[7] = 0.5f * sclamp(0.5f * slog(S[TL_SLOT_meanSquareDirection] + TL_TINY), -4, 4);
  } else {
    for (int i = 0; i < 8; i++) u[i] = 0;
  }
  const float log_n = slog((float)n);
  u[8] = log_n * 0.2f - 1;
  u[9] = rank >= 2;
  u[10] = rank >= 3;
  u[11] = s->log_num_tensors * 0.5f - 1;
  u[12] = rank >= 2 ? (log_n - 2 * slog((float)last)) * 0.25f : 0;
  u[13] = S[TL_SLOT_initialRms] < s->floor;
  u[14] = 0.5f * s->mean_snr;

  // LSTM, four gates side by side; columns in chunks of 32 so that the accumulators stay in registers.
  const float *W = theta + TL_OFFSET_gateKernel, *b = theta + TL_OFFSET_gateBias;
  float *h = S + TL_SLOT_h, *c = S + TL_SLOT_c;
  for (int j = 0; j < 4 * TL_NUM_HIDDEN; j += 32) {
    v4 a0 = load(b + j), a1 = load(b + j + 4), a2 = load(b + j + 8), a3 = load(b + j + 12);
    v4 a4 = load(b + j + 16), a5 = load(b + j + 20), a6 = load(b + j + 24), a7 = load(b + j + 28);
    for (int i = 0; i < TL_NUM_INPUTS + TL_NUM_HIDDEN; i++) {
      const v4 v = splat(i < TL_NUM_INPUTS ? x[i] : h[i - TL_NUM_INPUTS]);
      const float *w = W + i * 4 * TL_NUM_HIDDEN + j;
      a0 += v * load(w); a1 += v * load(w + 4); a2 += v * load(w + 8); a3 += v * load(w + 12);
      a4 += v * load(w + 16); a5 += v * load(w + 20); a6 += v * load(w + 24); a7 += v * load(w + 28);
    }
    store(z + j, a0); store(z + j + 4, a1); store(z + j + 8, a2); store(z + j + 12, a3);
    store(z + j + 16, a4); store(z + j + 20, a5); store(z + j + 24, a6); store(z + j + 28, a7);
  }
  for (int j = 0; j < TL_NUM_HIDDEN; j += 4) {
    const v4 input = vsigmoid(load(z + j)), forget = vsigmoid(load(z + TL_NUM_HIDDEN + j) + 1.0f);
    const v4 candidate = vtanh(load(z + 2 * TL_NUM_HIDDEN + j)), output = vsigmoid(load(z + 3 * TL_NUM_HIDDEN + j));
    const v4 cell = forget * load(c + j) + input * candidate;
    store(c + j, cell);
    store(h + j, output * vtanh(cell));
  }
  // Outputs, written into z, then turned into coefficients.
  for (int o = 0; o < TL_NUM_OUTPUTS; o++) {
    float a = theta[TL_OFFSET_outputBias + o];
    for (int j = 0; j < TL_NUM_HIDDEN; j++) a += h[j] * theta[TL_OFFSET_outputKernel + j * TL_NUM_OUTPUTS + o];
    z[o] = a;
  }
  count++;
  S[TL_SLOT_count] = (float)count;
  const float log_step = sclamp(TL_LOG_STEP_START + TL_LOG_STEP_GAIN * z[TL_OUTPUT_logStep], TL_LOG_STEP_MIN, TL_LOG_STEP_MAX);
  K[K_GRADIENT_SCALE] = gradient_scale;
  const float rate = s->learning_rate * sexp(log_step) * s->guard, scale = s->parameter_scale ? smin(floored, TL_GROWTH_MAX * smax(S[TL_SLOT_initialRms], s->floor)) : 1.0f;
  K[K_STEP] = rate * scale;
  // Decay is as strong as AdamW's at a rate of K_STEP, but never so strong that large weights change sign.
  K[K_DECAY] = smin(1, rate * smin(scale, 1) * s->weight_decay);
  // The momenta's mean squares after this step, estimated without their cross term with the gradient.
  const float rest_m1 = (float)(1 - TL_BETA_M1), rest_m2 = (float)(1 - TL_BETA_M2);
#ifdef TL_FRESH_STATISTICS
  const float m1m1 = S[TL_SLOT_meanSquareM1], m2m2 = S[TL_SLOT_meanSquareM2];
#else
  const float m1m1 = (float)(TL_BETA_M1 * TL_BETA_M1) * S[TL_SLOT_meanSquareM1] + rest_m1 * rest_m1 * ms_g;
  const float m2m2 = (float)(TL_BETA_M2 * TL_BETA_M2) * S[TL_SLOT_meanSquareM2] + rest_m2 * rest_m2 * ms_g;
#endif
  K[K_NORM_M1] = 1 / (tl_rms(m1m1) + TL_TINY);
  K[K_NORM_M2] = 1 / (tl_rms(m2m2) + TL_TINY);
  K[K_NORM_P] = 1 / floored;
  K[K_BIAS_M1] = 1 / tl_bias(TL_BETA_M1, count);
  K[K_BIAS_M2] = 1 / tl_bias(TL_BETA_M2, count);
  K[K_BIAS_V] = 1 / tl_bias(TL_BETA_V2, count);
  // Second moments are linear in g*g: their means follow without a sum.
  S[TL_SLOT_meanV1] += (ms_g - S[TL_SLOT_meanV1]) * (float)(1 - TL_BETA_V1);
  S[TL_SLOT_meanV2] += (ms_g - S[TL_SLOT_meanV2]) * (float)(1 - TL_BETA_V2);
  const float rms_v = tl_rms(S[TL_SLOT_meanV2] * K[K_BIAS_V]);
  // Examples that are fitted already have tiny gradients: their steps stay small beside those of the batches before.
  K[K_NORM_G] = 1 / (tl_rms(smax(ms_g, S[TL_SLOT_meanV1] / tl_bias(TL_BETA_V1, count))) + TL_TINY);
  K[K_NORM_V] = 1 / (rms_v + TL_TINY);
  K[K_EPSILON] = smin(TL_EPSILON, TL_EPSILON_RELATIVE * rms_v) + TL_TINY;
  for (int i = 0; i < TL_NUM_MIXED; i++) K[K_MIX + i] = z[TL_OUTPUT_mix + i] + (i == TL_FEATURE_adam ? 1.0f : 0.0f);
  for (int i = 0; i < TL_NUM_PARAMETER_HIDDEN; i++) K[K_HIDDEN + i] = z[TL_OUTPUT_hidden + i] + theta[TL_OFFSET_hiddenBias + i];
}

// Keeps the statistics of the per-parameter pass for the next step; gg is the sum of the (scaled) gradient's squares.
INLINE void tl_finish(float *S, const double *sums, double gg, int n) {
  S[TL_SLOT_meanSquareM1] = (float)(sums[S_M1M1] / n);
  S[TL_SLOT_meanSquareM2] = (float)(sums[S_M2M2] / n);
  S[TL_SLOT_meanSquareP] = (float)(sums[S_PP] / n);
  S[TL_SLOT_meanSquareDirection] = (float)(sums[S_DD] / n);
  const double gm = gg * sums[S_M1M1], mm = sums[S_M1M1] * sums[S_M2M2];
  S[TL_SLOT_cosGradientMomentum] = gm > 0 ? (float)(sums[S_GM1] / __builtin_sqrt(gm)) : 0;
  S[TL_SLOT_cosMomenta] = mm > 0 ? (float)(sums[S_M1M2] / __builtin_sqrt(mm)) : 0;
}

#ifdef TL_FRESH_STATISTICS
// The statistics that this step's moments will have: one more pass over gradient and slots. Only bench/normalisers.ts
// builds it, to measure what last step's statistics cost in quality and save in time.
static void tl_look_ahead(float *S, const float *g, const float *slots, double gg, int n) {
  double sums[S_SIZE] = {0};
  for (int start = 0; start < n; start += 1024) {
    const int end = n - start < 1024 ? n : start + 1024;
    v4 aa = splat(0), bb = aa, ga = aa, ab = aa;
    for (int i = start; i < end; i += 4) {
      const int lanes = end - i < 4 ? end - i : 4;
#define PART(q) (lanes == 4 ? load(q) : load_part(q, lanes))
      const v4 x = PART(g + i), m = PART(slots + i), l = PART(slots + n + i);
#undef PART
      const v4 a = m + (x - m) * (float)(1 - TL_BETA_M1), b = l + (x - l) * (float)(1 - TL_BETA_M2);
      aa += a * a; bb += b * b; ga += x * a; ab += a * b;
    }
    sums[S_M1M1] += sum4(aa); sums[S_M2M2] += sum4(bb); sums[S_GM1] += sum4(ga); sums[S_M1M2] += sum4(ab);
  }
  const float mean_square_p = S[TL_SLOT_meanSquareP], mean_square_d = S[TL_SLOT_meanSquareDirection];
  tl_finish(S, sums, gg, n);
  S[TL_SLOT_meanSquareP] = mean_square_p;
  S[TL_SLOT_meanSquareDirection] = mean_square_d;
}
#endif
#include "tensor_lstm_apply.h"
#endif

// Written by scripts/build-kernel.ts from src/rules/rnnprop.ts. Do not edit.
#ifndef RNNPROP_LAYOUT_H
#define RNNPROP_LAYOUT_H
#define RNNPROP_BETA1 0.95
#define RNNPROP_BETA2 0.95
#define RNNPROP_EPSILON 1e-8f
#define RNNPROP_SCALE 0.01f
#define RNNPROP_OFFSET_inputKernel 0
#define RNNPROP_OFFSET_inputBias 40
#define RNNPROP_OFFSET_gateKernel1 60
#define RNNPROP_OFFSET_gateBias1 3260
#define RNNPROP_OFFSET_gateKernel2 3340
#define RNNPROP_OFFSET_gateBias2 6540
#define RNNPROP_OFFSET_outputKernel 6620
#define RNNPROP_OFFSET_outputBias 6640
#define RNNPROP_ROWS_inputKernel 2
#define RNNPROP_ROWS_gateKernel1 40
#define RNNPROP_ROWS_gateKernel2 40
#define RNNPROP_ROWS_outputKernel 20
#endif

// Written by scripts/build-kernel.ts from src/rules/lstm-dm.ts. Do not edit.
#ifndef LSTM_DM_LAYOUT_H
#define LSTM_DM_LAYOUT_H
#define LSTM_DM_RANGE 5.0f
#define LSTM_DM_EPSILON 1.1920928955078125e-7f
#define LSTM_DM_SCALE 0.01f
#define LSTM_DM_EXP_RANGE 148.4131591025766f
#define LSTM_DM_OFFSET_gateKernel1 0
#define LSTM_DM_OFFSET_gateBias1 1760
#define LSTM_DM_OFFSET_gateKernel2 1840
#define LSTM_DM_OFFSET_gateBias2 5040
#define LSTM_DM_OFFSET_outputKernel 5120
#define LSTM_DM_OFFSET_outputBias 5140
#define LSTM_DM_ROWS_gateKernel1 22
#define LSTM_DM_ROWS_gateKernel2 40
#define LSTM_DM_ROWS_outputKernel 20
#endif

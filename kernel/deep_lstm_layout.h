// Written by scripts/build-kernel.ts from src/rules/deep-lstm.ts and lstm-cell.ts. Do not edit.
#ifndef DEEP_LSTM_LAYOUT_H
#define DEEP_LSTM_LAYOUT_H
#define DEEP_LSTM_FORGET_BIAS 1.0f
#define DEEP_LSTM_UNITS 20
#endif

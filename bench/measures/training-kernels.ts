import {registerWasmTrainingKernels} from '../../src/index.js';
import {useBackend} from '../../test/support/backends.js';
import {median, toDecimals} from '../support/numbers.js';
import {takeTurns} from '../support/turns.js';
import {makeContender} from './contenders.js';
import {CONV_NET, MODELS} from './models.js';

/** What one training step of a small conv net costs on TF.js's cpu backend, and on its wasm backend with our training kernels. */
export interface TrainingKernelsCost {
  readonly net: string;
  readonly batch: number;
  readonly cpuMsPerStep: number;
  readonly wasmMsPerStep: number;
  readonly speedup: number;
}

const STEPS = {cpu: 2, wasm: 20} as const;

/** Measures both in turn; medians over `rounds`. */
export async function measureTrainingKernels(rounds: number): Promise<TrainingKernelsCost> {
  const takers = (['cpu', 'wasm'] as const).map(backend => async () => {
    await useBackend(backend);
    if (backend === 'wasm') registerWasmTrainingKernels();
    const optimizer = makeContender('learned'), trainee = MODELS.conv.open(optimizer);
    await trainee.step();
    const start = performance.now();
    for (let i = 0; i < STEPS[backend]; i++) await trainee.step();
    const milliseconds = (performance.now() - start) / STEPS[backend];
    optimizer.dispose();
    trainee.dispose();
    return milliseconds;
  });
  const [cpuMs, wasmMs] = (await takeTurns(takers, {seconds: 0, minRounds: rounds, warmUpRounds: 1})).map(median) as [number, number];
  return {net: CONV_NET, batch: 32, cpuMsPerStep: toDecimals(cpuMs, 1), wasmMsPerStep: toDecimals(wasmMs, 1), speedup: toDecimals(cpuMs / wasmMs, 1)};
}

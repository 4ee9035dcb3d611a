import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What a run of the command line left. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** When to send a signal. */
export interface SignalPlan {
  readonly signal: NodeJS.Signals;
  /** Sent some time after stderr has it. */
  readonly after: string;
  readonly delayMs: number;
}

/** Runs the command line in a process of its own. */
export function runMain(args: readonly string[], plan?: SignalPlan): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args]);
    let stdout = '', stderr = '', isSent = false;
    child.stdout.on('data', (data: Buffer) => stdout += data.toString());
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      if (plan === undefined || isSent || !stderr.includes(plan.after)) return;
      isSent = true;
      setTimeout(() => child.kill(plan.signal), plan.delayMs);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({status, stdout, stderr}));
  });
}

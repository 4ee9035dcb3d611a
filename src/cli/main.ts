#!/usr/bin/env node
import {L2OError} from '../errors.js';
import {learnedOptimizer} from '../optimizer/learned-optimizer.js';
import {parseCommand, type Command} from './args.js';
import {checkWritable} from './atomic-file.js';
import {demoCommand} from './demo/command.js';
import {packageVersion} from './environment.js';
import {DEMO_HELP, OVERVIEW_HELP} from './help.js';
import {progressReporter, type ProgressReporter} from './progress.js';
import {boldFor} from './style.js';

const EXIT = {failed: 1, wrongUse: 2, interrupted: 130, terminated: 143} as const;

/** Runs the command line; every way out sets the exit status. */
async function main(): Promise<void> {
  const progress = progressReporter(process.stderr);
  leaveOnSignals(progress);
  let status: number = EXIT.wrongUse;
  try {
    const command = parseCommand(process.argv.slice(2));
    if (command.kind === 'demo') checkWritable(command.options.out);
    status = EXIT.failed;
    await run(command, progress);
  } catch (error) {
    progress.clear();
    process.exitCode = status;
    process.stderr.write(`tfjs-l2o: ${describe(error)}\n`);
  }
}

async function run(command: Command, progress: ProgressReporter): Promise<void> {
  const print = (text: string): void => void process.stdout.write(text);
  if (command.kind === 'help') {
    print(command.topic === 'demo' ? DEMO_HELP : OVERVIEW_HELP);
    return;
  }
  if (command.kind === 'version') {
    print(`${packageVersion()}\n`);
    return;
  }
  await demoCommand(command.options, {
    makeLearned: (numSteps) => learnedOptimizer({numSteps}),
    progress,
    print,
    notify: (text) => void process.stderr.write(text),
    bold: boldFor(process.stdout, process.env),
  });
}

/** Files are written synchronously, whole or not at all, so that there is nothing to clean up. */
function leaveOnSignals(progress: ProgressReporter): void {
  const leave = (status: number): void => {
    progress.clear();
    process.stderr.write('Interrupted: no report was written.\n');
    process.exit(status);
  };
  process.once('SIGINT', () => leave(EXIT.interrupted));
  process.once('SIGTERM', () => leave(EXIT.terminated));
  // A reader that closes its end early, as `head` does, has had enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : EXIT.failed);
  });
}

function describe(error: unknown): string {
  if (error instanceof L2OError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

await main();

#!/usr/bin/env node
import {L2OError} from '../errors.js';
import {learnedOptimizer} from '../optimizer/learned-optimizer.js';
import {parseCommand, type Command} from './args.js';
import {checkWritable} from './atomic-file.js';
import {demoCommand} from './demo/command.js';
import {packageVersion} from './environment.js';
import {evaluateCommand, prepareEvaluation} from './evaluate/command.js';
import {flatnessCommand, prepareFlatness} from './flatness/command.js';
import {HELP} from './help.js';
import {infoCommand} from './info/command.js';
import {prepareResume, prepareRun, runCommand, type PreparedRun} from './meta-fit/command.js';
import {progressReporter, type ProgressReporter} from './progress.js';
import {boldFor} from './style.js';

const EXIT = {failed: 1, wrongUse: 2, interrupted: 130, terminated: 143} as const;

/** What to do at a signal, given the exit status that goes with it. */
type Leave = (status: number) => void;

/** What a command does once everything that it was given has been checked. */
type Work = () => Promise<void>;

/** Runs the command line; every way out sets the exit status. */
async function main(): Promise<void> {
  const progress = progressReporter(process.stderr);
  const signals = new Signals(progress);
  let status: number = EXIT.wrongUse;
  try {
    const work = await prepare(parseCommand(process.argv.slice(2)), progress, signals);
    status = EXIT.failed;
    await work();
  } catch (error) {
    progress.clear();
    process.exitCode = status;
    process.stderr.write(`tfjs-l2o: ${describe(error)}\n`);
  }
}

/** Checks what a command was given. @throws L2OError where it is wrong use. */
async function prepare(command: Command, progress: ProgressReporter, signals: Signals): Promise<Work> {
  const print = (text: string): void => void process.stdout.write(text);
  const notify = (text: string): void => void process.stderr.write(text);
  const printed = (text: string): Work => () => {
    print(text);
    return Promise.resolve();
  };
  switch (command.kind) {
    case 'help': return printed(HELP[command.topic]);
    case 'version': return printed(`${packageVersion()}\n`);
    case 'info': return () => infoCommand(command, print);
    case 'demo': {
      checkWritable(command.options.out);
      const makeLearned = (numSteps: number): ReturnType<typeof learnedOptimizer> => learnedOptimizer({numSteps});
      return () => demoCommand(command.options, {makeLearned, progress, print, notify, bold: boldFor(process.stdout, process.env)});
    }
    case 'flatness': {
      const prepared = prepareFlatness(command.options);
      return () => flatnessCommand(prepared, {progress, print, notify, bold: boldFor(process.stdout, process.env)});
    }
    case 'evaluate': {
      const evaluation = await prepareEvaluation(command.options);
      signals.leave = (status) => signals.exit(status, 'Interrupted: finished runs are kept; go on with the same command.');
      const world = {progress, print, notify, bold: boldFor(process.stdout, process.env), now: () => new Date()};
      return async () => {
        if (!(await evaluateCommand(evaluation, world))) process.exitCode = EXIT.failed;
      };
    }
    case 'meta-fit':
    case 'resume': {
      const run = command.kind === 'resume' ? await prepareResume(command.folder, command.options) : await prepareRun(command.config, command.out, command.options);
      return () => stoppable(run, signals, {progress, print, notify});
    }
  }
}

/** A run that ends with a checkpoint at the first signal, and at once at the second. */
async function stoppable(run: PreparedRun, signals: Signals, world: Omit<Parameters<typeof runCommand>[1], 'signal'>): Promise<void> {
  const stop = new AbortController();
  let status: number = EXIT.interrupted;
  signals.leave = (given) => {
    status = given;
    if (stop.signal.aborted) {
      signals.exit(status, 'Interrupted: the last checkpoint is intact.');
      return;
    }
    world.progress.clear();
    world.notify('Stopping after this window, with a checkpoint. Once more to leave at once.\n');
    stop.abort();
  };
  if (!(await runCommand(run, {...world, signal: stop.signal}))) process.exitCode = status;
}

/** What SIGINT and SIGTERM do. Files are written whole or not at all, so that there is nothing to clean up. */
class Signals {
  leave: Leave = (status) => this.exit(status, 'Interrupted: no report was written.');

  constructor(private readonly progress: ProgressReporter) {
    process.on('SIGINT', () => this.leave(EXIT.interrupted));
    process.on('SIGTERM', () => this.leave(EXIT.terminated));
    // A reader that closes its end early, as `head` does, has had enough.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? 0 : EXIT.failed);
    });
  }

  exit(status: number, message: string): never {
    this.progress.clear();
    process.stderr.write(`${message}\n`);
    process.exit(status);
  }
}

function describe(error: unknown): string {
  if (error instanceof L2OError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

await main();

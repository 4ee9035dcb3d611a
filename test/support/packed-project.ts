/** The package as a user gets it: packed, and installed into an empty project with its peers. */
import {spawnSync, type SpawnSyncReturns} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import manifest from '../../package.json' with {type: 'json'};

/** The repository's own folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Installs take longer than tests. */
export const INSTALL_TIMEOUT_MS = 240_000;

/** What the empty project has beside the package itself. */
const PEERS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-wasm'] as const;

/** An empty project with the package installed from its tarball. */
export interface PackedProject {
  readonly folder: string;
  /** Path of the tarball. */
  readonly tarball: string;
  readonly sizeBytes: number;
  /** Paths inside the tarball. */
  readonly files: readonly string[];
}

/** The environment without what an enclosing `npm test` tells its children about itself. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = /^npm_(package_|lifecycle_|command$|execpath$|node_execpath$|config_(local_prefix|loglevel|ignore_scripts|noproxy)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name) && name !== 'INIT_CWD' && name !== 'NODE_OPTIONS'));
}

/** Runs a program to its end; what it printed is in the result. */
export function run(program: string, args: readonly string[], folder: string): SpawnSyncReturns<string> {
  const result = spawnSync(program, args, {cwd: folder, encoding: 'utf8', env: cleanEnvironment(), maxBuffer: 1 << 26});
  if (result.error) throw result.error;
  return result;
}

/**
 * Runs a program that must succeed.
 * @returns Its stdout.
 * @throws Error with all that it printed, where it did not exit with 0.
 */
export function runOk(program: string, args: readonly string[], folder: string): string {
  const {status, stdout, stderr} = run(program, args, folder);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status ?? 'a signal'}\n${stdout}${stderr}`);
  return stdout;
}

/** A program of the repository's own development tools. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name);
}

function create(): PackedProject {
  const top = mkdtempSync(join(tmpdir(), 'tfjs-l2o-packed-'));
  process.on('exit', () => rmSync(top, {recursive: true, force: true}));
  const packed = JSON.parse(runOk('npm', ['pack', '--json', '--pack-destination', top], ROOT)) as
    {filename: string; size: number; files: {path: string}[]}[];
  const {filename, size, files} = packed[0]!;
  const tarball = join(top, filename);
  const folder = join(top, 'project');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({name: 'empty-project', version: '1.0.0', private: true}));
  const peers = PEERS.map(name => `${name}@${manifest.devDependencies[name]}`);
  runOk('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...peers, tarball], folder);
  return {folder, tarball, sizeBytes: size, files: files.map(file => file.path)};
}

let project: PackedProject | undefined;

/** The one packed project of this test run; built when it is first asked for, removed when the process ends. */
export function packedProject(): PackedProject {
  return (project ??= create());
}

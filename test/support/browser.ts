/**
 * Headless Chromium with this library in it: a page that has been bundled from `test/browser/page`, served from here.
 */
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import {createRequire} from 'node:module';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium, type BrowserContext, type Page} from 'playwright-core';
import {build} from 'tsup';
import type {Scenarios} from '../browser/page/main.js';

/** Debian's; scripts/setup-toolchain.sh installs it. */
const CHROMIUM = '/usr/bin/chromium';
const LAUNCH_TIMEOUT_MS = 60_000;
/** Of one call into the page, where nothing else is said. */
const CALL_TIMEOUT_MS = 90_000;

/** WebGL and WebGPU by SwiftShader, on the processor; nothing asks the network for anything. */
const FLAGS = [
  '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan', '--use-vulkan=swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--js-flags=--expose-gc',
];

/** How the page is served: with shared memory for threads, with it but no workers, without it, or under a policy that forbids eval and WebAssembly. */
export type Setting = 'isolated' | 'workerless' | 'plain' | 'strict';

const ISOLATED = {'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp'};
const HEADERS: Readonly<Record<Setting, Readonly<Record<string, string>>>> = {
  isolated: ISOLATED,
  workerless: {...ISOLATED, 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'"},
  plain: {},
  strict: {'Content-Security-Policy': "default-src 'self'; script-src 'self'"},
};

const PAGE = '<!doctype html><meta charset="utf-8"><title>tfjs-l2o</title><script src="/main.global.js"></script>';

/** A tab with its scenarios. */
export class TestPage {
  /** Errors of the console, of scripts and of failed loads; a test expects none. */
  readonly errors: string[] = [];

  constructor(private readonly page: Page, private readonly callTimeoutMs: number) {
    page.on('console', message => message.type() === 'error' && this.errors.push(message.text()));
    page.on('pageerror', error => this.errors.push(String(error)));
    page.on('crash', () => this.errors.push('the page crashed'));
    page.setDefaultTimeout(callTimeoutMs);
  }

  /** Runs a scenario in the page; what it takes and gives goes through JSON. */
  async run<K extends keyof Scenarios>(name: K, ...args: Parameters<Scenarios[K]>): Promise<Awaited<ReturnType<Scenarios[K]>>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the scenario '${name}' took longer than ${this.callTimeoutMs / 1000} s`)), this.callTimeoutMs);
    });
    const call = this.page.evaluate(
      ([key, values]) => (globalThis as unknown as {scenarios: Record<string, (...given: unknown[]) => unknown>}).scenarios[key]!(...values),
      [name, args as unknown[]] as const);
    try {
      return await Promise.race([call, late]) as Awaited<ReturnType<Scenarios[K]>>;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

/** One browser and one server for a file of tests. */
export class TestBrowser {
  private constructor(private readonly context: BrowserContext, private readonly server: Server, private readonly folder: string) {}

  /**
   * Bundles the page and starts server and browser.
   * @throws Error that says what to do where Chromium does not start.
   */
  static async start(): Promise<TestBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-l2o-browser-'));
    let server: Server | undefined;
    try {
      await bundle(folder);
      server = await serve(folder);
      return new TestBrowser(await launch(folder), server, folder);
    } catch (error) {
      server?.close();
      rmSync(folder, {recursive: true, force: true});
      throw error;
    }
  }

  /** Chromium's version. */
  get version(): string {
    return this.context.browser()?.version() ?? 'unknown';
  }

  /** @param callTimeoutMs Of one call into the page. */
  async open(setting: Setting, callTimeoutMs = CALL_TIMEOUT_MS): Promise<TestPage> {
    const {port} = this.server.address() as AddressInfo, page = await this.context.newPage(), tested = new TestPage(page, callTimeoutMs);
    await page.goto(`http://localhost:${port}/${setting}/`);
    return tested;
  }

  async close(): Promise<void> {
    await this.context.close();
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
    rmSync(this.folder, {recursive: true, force: true});
  }
}

async function bundle(folder: string): Promise<void> {
  await build({
    config: false, entry: {main: fileURLToPath(new URL('../browser/page/main.ts', import.meta.url))}, outDir: folder, format: 'iife', platform: 'browser',
    target: 'es2022', noExternal: [/^[^.]/], external: [/^node:/], silent: true, dts: false, clean: false, treeshake: false, splitting: false,
  });
}

function serve(folder: string): Promise<Server> {
  const wasmFolder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const server = createServer(({url = '/'}, response) => {
    const {pathname} = new URL(url, 'http://localhost'), setting = pathname.split('/')[1] as Setting;
    const send = (type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void =>
      void response.writeHead(200, {'Content-Type': type, 'Cross-Origin-Resource-Policy': 'same-origin', ...headers}).end(body);
    if (setting in HEADERS) send('text/html', PAGE, HEADERS[setting]);
    else if (pathname === '/main.global.js') send('text/javascript', readFileSync(join(folder, 'main.global.js')), HEADERS.isolated);
    else if (pathname === '/favicon.ico') response.writeHead(204).end();
    else if (pathname.endsWith('.wasm')) send('application/wasm', readFileSync(join(wasmFolder, basename(pathname))));
    else response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => server.once('error', reject).listen(0, 'localhost', () => resolve(server)));
}

async function launch(folder: string): Promise<BrowserContext> {
  try {
    return await chromium.launchPersistentContext(join(folder, 'profile'), {executablePath: CHROMIUM, args: FLAGS, headless: true, timeout: LAUNCH_TIMEOUT_MS});
  } catch (cause) {
    throw new Error(`Cannot start ${CHROMIUM}, which the tests need. Run scripts/setup-toolchain.sh. ${String(cause)}`, {cause});
  }
}

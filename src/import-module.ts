import {L2OError} from './errors.js';

/** Node's word for a file whose kind it cannot load. */
const UNKNOWN_KIND = 'ERR_UNKNOWN_FILE_EXTENSION';
const TYPESCRIPT = /\.[cm]?ts$/;

/**
 * Imports a module. TypeScript that this Node does not load by itself is loaded through `tsx`, where that is installed beside
 * the module or in the current folder.
 *
 * @param url Absolute.
 * @throws L2OError `ENVIRONMENT` for TypeScript without `tsx`; whatever the module itself throws.
 */
export async function importModule(url: string): Promise<object> {
  try {
    const module = await import(/* @vite-ignore */ /* webpackIgnore: true */ url) as object;
    return TYPESCRIPT.test(new URL(url).pathname) ? unwrap(module) : module;
  } catch (error) {
    if (!isUnknownKind(error) || !TYPESCRIPT.test(new URL(url).pathname)) throw error;
    await registerTsx(url);
    // Under its own address Node would remember the failure.
    return unwrap(await import(/* @vite-ignore */ /* webpackIgnore: true */ `${url}?tsx`) as object);
  }
}

/** In a package of CommonJS, tsx makes a CommonJS module of it, whose exports are then the default export. */
function unwrap(module: {default?: unknown}): object {
  const inner = module.default;
  return typeof inner === 'object' && inner !== null && '__esModule' in inner ? inner : module;
}

function isUnknownKind(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNKNOWN_KIND;
}

/** Lets `tsx` load what this thread imports from now on. */
async function registerTsx(url: string): Promise<void> {
  const {createRequire} = process.getBuiltinModule('node:module'), urls = process.getBuiltinModule('node:url'), paths = process.getBuiltinModule('node:path');
  const manifest = [url, urls.pathToFileURL(paths.resolve('package.json')).href].map(from => find(createRequire(from))).find(path => path !== undefined);
  if (manifest === undefined) {
    throw new L2OError('ENVIRONMENT', `expected a Node that loads TypeScript by itself, or the package tsx, to load '${url}', got Node ${process.versions.node} without tsx. ` +
      'Install it (npm install --save-dev tsx), use Node 22.18 or newer, or write the module in JavaScript.');
  }
  // By their paths: what require would find is the form for CommonJS alone.
  const api = await import(urls.pathToFileURL(paths.join(paths.dirname(manifest), 'dist/esm/api/index.mjs')).href) as {register(): unknown};
  api.register();
  (createRequire(manifest)('./dist/cjs/api/index.cjs') as {register(): unknown}).register();
}

function find(require: NodeJS.Require): string | undefined {
  try {
    return require.resolve('tsx/package.json');
  } catch {
    return undefined;
  }
}

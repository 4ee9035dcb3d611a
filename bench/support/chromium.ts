import {TestBrowser, type Setting, type TestPage} from '../../test/support/browser.js';

/** Backends of headless Chromium; webgl and webgpu on SwiftShader, which computes on the processor. */
const PAGES = {
  'webgl': {backend: 'webgl', setting: 'plain'},
  'webgpu': {backend: 'webgpu', setting: 'plain'},
  'wasm-chromium': {backend: 'wasm', setting: 'plain'},
  'wasm-threads': {backend: 'wasm', setting: 'isolated'},
} as const satisfies Readonly<Record<string, {readonly backend: string; readonly setting: Setting}>>;

export type PageName = keyof typeof PAGES;
/** Their names, in the order in which they are measured. */
export const PAGE_NAMES = Object.keys(PAGES) as readonly PageName[];
/** What {@link PAGE_NAMES} compute on. */
export const DEVICE = 'SwiftShader';

/** A GPU by software on a busy machine is slow. */
const CALL_TIMEOUT_MS = 600_000;

/** Opens new pages on the backend that is visited. */
export type PageOpener = () => Promise<TestPage>;

/**
 * Visits backends of headless Chromium one after the other, each with one page open, and fails where a page has told of an error.
 * @param visit May open further pages, which it closes.
 * @returns Chromium's version.
 */
export async function forEachPage(names: readonly PageName[], visit: (name: PageName, page: TestPage, open: PageOpener) => Promise<void>): Promise<string> {
  const browser = await TestBrowser.start();
  try {
    for (const name of names) {
      const {backend, setting} = PAGES[name], open = async (): Promise<TestPage> => {
        const page = await browser.open(setting, CALL_TIMEOUT_MS);
        await page.run('use', backend);
        return page;
      };
      const page = await open();
      await visit(name, page, open);
      if (page.errors.length > 0) throw new Error(`${name}: ${page.errors.join('\n')}`);
      await page.close();
    }
    return browser.version;
  } finally {
    await browser.close();
  }
}

import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {L2OError} from '../../errors.js';
import {nearestName} from '../../nearest-name.js';

/** The suites that the package itself is judged by. */
export const SUITES = ['seen', 'validation', 'unseen'] as const;

/**
 * The module of a suite: one of {@link SUITES} by its name, others by path or URL.
 *
 * @throws L2OError 'INVALID_ARGUMENT' where there is no such file.
 */
export function suiteModule(suite: string): string {
  const name = SUITES.find(known => known === suite);
  if (name !== undefined) return builtIn(name);
  if (/^[a-z][a-z\d+.-]+:/i.test(suite) || existsSync(suite)) return suite;
  const nearest = nearestName(suite, SUITES), hint = nearest === undefined ? '' : ` Did you mean '${nearest}'?`;
  throw new L2OError('INVALID_ARGUMENT', `tfjs-l2o evaluate takes ${SUITES.join(', ')}, or path or URL of a module with a suite, got '${suite}'.${hint}`);
}

/** Beside the sources, or in the built package. */
function builtIn(name: (typeof SUITES)[number]): string {
  const here = import.meta.url, url = here.endsWith('.ts') ? new URL(`../../evaluation/suites/${name}.ts`, here) : new URL(`./suites/${name}.js`, here);
  if (existsSync(fileURLToPath(url))) return url.href;
  throw new L2OError('INVALID_ARGUMENT', `The suite '${name}' is not part of the published package. Run it in the repository, or pass the path of a module with a suite of your own.`);
}

import {createRequire} from 'node:module';
import {platform, arch} from 'node:process';
import {version_core as tfjsVersion} from '@tensorflow/tfjs-core';
import type {BackendName} from './args.js';

/** What a result was measured with. */
export interface Environment {
  readonly package: string;
  readonly tfjs: string;
  readonly backend: BackendName;
  readonly node: string;
  /** Operating system and processor, such as 'linux x64'. */
  readonly platform: string;
}

/** The version in this package's own package.json. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('tfjs-l2o/package.json');
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json has no version.');
}

/** @param backend The one in use. */
export function describeEnvironment(backend: BackendName): Environment {
  return {package: packageVersion(), tfjs: tfjsVersion, backend, node: process.versions.node, platform: `${platform} ${arch}`};
}

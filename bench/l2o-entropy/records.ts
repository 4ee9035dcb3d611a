/** Finished pieces of a long study in a folder, so that it can be stopped at any moment and gone on with. */
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {writeFileAtomically} from '../../src/cli/atomic-file.js';
import type {MetaFitOptions} from '../../src/meta/meta-fit-options.js';
import {engineHash} from '../../src/rollout/engine-hash.js';
import {ruleInfo} from '../../src/rules/registry.js';

interface RecordFile {
  /** All that the value depends on. */
  readonly key: unknown;
  readonly value: unknown;
}

/** One JSON file for each piece of work, written whole or not at all. Several processes may share a folder. */
export class Records {
  constructor(private readonly folder: string) {
    mkdirSync(folder, {recursive: true});
  }

  /** Path without ending of what belongs to a key: `name`, for people, and a hash of the key. */
  path(name: string, key: object): string {
    return join(this.folder, `${name}-${createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 10)}`);
  }

  /** The value of a key, if it is there. A file that is cut short, or of another key, counts as missing. */
  read(name: string, key: object): unknown {
    const path = `${this.path(name, key)}.json`;
    if (!existsSync(path)) return undefined;
    try {
      const file = JSON.parse(readFileSync(path, 'utf8')) as RecordFile;
      return JSON.stringify(file.key) === JSON.stringify(key) ? file.value : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Keeps a value. */
  write(name: string, key: object, value: unknown): void {
    writeFileAtomically(`${this.path(name, key)}.json`, JSON.stringify({key, value} satisfies RecordFile));
  }
}

/** All that the theta of a meta-training depends on, as a key. @param family Name of its tasks' family. */
export function trainingKey({initialTheta, ...options}: Omit<MetaFitOptions, 'tasks'>, family: string): object {
  const from = typeof initialTheta === 'object' && 'hash' in initialTheta ? initialTheta.hash : 'untrained';
  return {...options, from, family, ruleVersion: ruleInfo(options.rule!).version, engine: engineHash()};
}

import {expect} from 'chai';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {ROOT} from '../support/packed-project.js';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const {packages} = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {packages: Record<string, LockedPackage>};
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  it('names no registry, and the hash of every package', () => {
    expect(installed.filter(([, {resolved}]) => resolved !== undefined)).to.deep.equal([]);
    expect(installed.filter(([, {integrity}]) => integrity === undefined)).to.deep.equal([]);
  });

  // npm leaves out what its registry does not have at that moment, and npm ci then refuses the file.
  it('holds the packages of every platform', () => {
    const missing = installed.flatMap(([path, {optionalDependencies = {}}]) =>
      Object.keys(optionalDependencies).filter(name => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages)));
    expect(missing).to.deep.equal([]);
  });
});

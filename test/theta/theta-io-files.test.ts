import {expect} from 'chai';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import files from 'node:fs/promises';
import {join} from 'node:path';
import {loadTheta, saveTheta} from '../../src/index.js';
import {expectError, expectSaved, nearbyTheta, temporaryFolder} from './theta-io-fixtures.js';

const theta = nearbyTheta(1), next = nearbyTheta(2);

/** Runs with one function of Node's file system failing from its `nth` call on, as a full or read-only disk makes it. */
async function withFailing(name: 'open' | 'rename' | 'mkdir', code: string, nth: number, run: () => Promise<unknown>): Promise<void> {
  const original = files[name] as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  Object.assign(files, {[name]: (...args: unknown[]) => (++calls < nth ? original(...args) : Promise.reject(Object.assign(new Error(code), {code})))});
  try {
    await run();
  } finally {
    Object.assign(files, {[name]: original});
  }
  expect(calls, `calls of ${name}`).to.be.at.least(nth);
}

/** Runs on a disk that takes the first `room` bytes of each file and is full then. */
async function withFullDisk(room: number, run: () => Promise<unknown>): Promise<void> {
  const {open} = files;
  files.open = async (...args: Parameters<typeof open>) => {
    const file = await open(...args), write = file.writeFile.bind(file);
    if (args[1] !== 'r') {
      file.writeFile = async data => {
        await write((data as Uint8Array).subarray(0, room));
        throw Object.assign(new Error('no space left on device'), {code: 'ENOSPC'});
      };
    }
    return file;
  };
  try {
    await run();
  } finally {
    files.open = open;
  }
}

describe('theta files on disk', () => {
  const folder = temporaryFolder();
  const inFolder = (): string => `file://${folder()}/mine`, inFile = (): string => join(folder(), 'mine.safetensors');

  for (const [title, target] of [['a folder', inFolder], ['one file', inFile]] as const) {
    describe(`as ${title}`, () => {
      it('are replaced', async () => {
        await saveTheta(theta, target(), {run: '1'});
        await saveTheta(next, target(), {run: '2'});
        expectSaved(await loadTheta(target()), next, {run: '2'});
        await saveTheta(next, target(), {run: '3'});
        expectSaved(await loadTheta(target()), next, {run: '3'});
      });

      it('stay whole where the disk is full, and nothing else is left', async () => {
        await saveTheta(theta, target(), {run: '1'});
        const before = readdirSync(folder(), {recursive: true});
        await withFullDisk(100, () => expectError(saveTheta(next, target()), 'ENVIRONMENT', /mine.*ENOSPC\. The disk is full/));
        expectSaved(await loadTheta(target()), theta, {run: '1'});
        expect(readdirSync(folder(), {recursive: true})).to.deep.equal(before);
      });

      it('stay whole where the folder is read-only', async () => {
        await saveTheta(theta, target(), {run: '1'});
        await withFailing('open', 'EROFS', 1, () => expectError(saveTheta(next, target()), 'ENVIRONMENT', /EROFS\. The disk is read-only/));
        await withFailing('open', 'EACCES', 1, () => expectError(saveTheta(next, target()), 'ENVIRONMENT', /EACCES\. Check the permissions/));
        expectSaved(await loadTheta(target()), theta, {run: '1'});
      });

      it('say where they cannot be read', async () => {
        await saveTheta(theta, target());
        await withFailing('open', 'EACCES', 1, () => expectError(loadTheta(target()), 'ENVIRONMENT', /EACCES/));
      });

      it('say that a part of the path is a file', async () => {
        writeFileSync(join(folder(), 'file'), '');
        const below = target().replace('mine', 'file/mine');
        await expectError(saveTheta(theta, below), 'ENVIRONMENT', /ENOTDIR\. Part of the path is a file/);
        await expectError(loadTheta(below), 'ENVIRONMENT', /ENOTDIR/);
      });
    });
  }

  it('stay whole in a folder at each step of replacing them', async () => {
    for (const nth of [1, 2]) {
      for (const name of ['open', 'rename'] as const) {
        await saveTheta(theta, inFolder(), {run: '1'});
        const reads = name === 'open' ? 1 : 0;
        await withFailing(name, 'EIO', nth + reads, () => expectError(saveTheta(next, inFolder(), {run: '2'}), 'ENVIRONMENT', /EIO/));
        expectSaved(await loadTheta(inFolder()), theta, {run: '1'});
        expect(readdirSync(join(folder(), 'mine'))).to.have.members(['model.json', `weights-${theta.hash}.bin`]);
      }
    }
  });

  it('leave what else is in the folder alone', async () => {
    mkdirSync(join(folder(), 'mine'));
    const foreign = ['notes.txt', 'weights.bin', 'weights-0123456789abcdef.bin'];
    for (const name of foreign) writeFileSync(join(folder(), 'mine', name), name);
    await saveTheta(theta, inFolder());
    await saveTheta(next, inFolder());
    expect(readdirSync(join(folder(), 'mine'))).to.have.members([...foreign, 'model.json', `weights-${next.hash}.bin`]);
  });

  it('never remove weights of a name that is not theirs', async () => {
    await saveTheta(theta, inFolder());
    const path = join(folder(), 'mine', 'model.json');
    writeFileSync(join(folder(), 'mine', 'dear.txt'), 'dear');
    writeFileSync(path, readFileSync(path, 'utf8').replace(`weights-${theta.hash}.bin`, 'dear.txt'));
    await saveTheta(next, inFolder());
    expect(readFileSync(join(folder(), 'mine', 'dear.txt'), 'utf8')).to.equal('dear');
  });

  it('as one file need a folder that is there, and are no folder', async () => {
    await expectError(saveTheta(theta, join(folder(), 'none', 'mine.safetensors')), 'ENVIRONMENT', /ENOENT.*its folder exists/);
    mkdirSync(inFile());
    await expectError(saveTheta(theta, inFile()), 'ENVIRONMENT', /EISDIR|EEXIST|ENOTEMPTY/);
    expect(readdirSync(folder())).to.deep.equal(['mine.safetensors']);
  });

  it('as a folder are no file', async () => {
    writeFileSync(join(folder(), 'mine'), 'text');
    await expectError(saveTheta(theta, inFolder()), 'ENVIRONMENT', /EEXIST.*end the path in \.safetensors/);
    expect(readFileSync(join(folder(), 'mine'), 'utf8')).to.equal('text');
  });

  it('are not read where they are too large, or no files', async () => {
    // Sparse: it takes no room, but reading it would take more memory than there is.
    writeFileSync(inFile(), '');
    truncateSync(inFile(), 2 ** 40);
    await expectError(loadTheta(inFile()), 'CORRUPT_FILE', new RegExp(`got ${2 ** 40}`));
    const pipe = join(folder(), 'pipe.safetensors');
    execFileSync('mkfifo', [pipe]);
    await expectError(loadTheta(pipe), 'ENVIRONMENT', /no regular file/);
    await expectError(loadTheta('/dev/zero'), 'ENVIRONMENT', /no regular file/);
    await expectError(loadTheta(join(folder(), 'none.safetensors')), 'ENVIRONMENT', /none\.safetensors.*ENOENT/);
  });

  it('in a folder have their weights read only where these have the right size', async () => {
    await saveTheta(theta, inFolder());
    truncateSync(join(folder(), 'mine', `weights-${theta.hash}.bin`), 2 ** 40);
    await expectError(loadTheta(inFolder()), 'CORRUPT_FILE', /at most/);
    truncateSync(join(folder(), 'mine', `weights-${theta.hash}.bin`), 100);
    await expectError(loadTheta(inFolder()), 'CORRUPT_FILE', /got 100/);
  });
});

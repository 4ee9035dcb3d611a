/**
 * Makes node_modules agree with package-lock.json: `npm ci`, unless the stamp says that it was done.
 * Plain JavaScript on Node's own modules, since it runs before anything is installed.
 */
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const ATTEMPTS = 3;
const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.l2o-installed');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`install: development of tfjs-l2o needs Node 20.19 or newer, this is ${process.version}. Install a newer Node.`);
  process.exit(1);
}

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(process.platform + process.arch + process.versions.modules)
  .digest('hex');
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';

if (installed !== wanted) {
  console.error('install: npm ci');
  for (let attempt = 1; ; attempt++) {
    // Everything goes to stderr: stdout belongs to the command that follows.
    const {status} = spawnSync('npm', ['ci', '--loglevel=error', '--ignore-scripts'], {
      cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32',
    });
    if (status === 0) break;
    if (attempt === ATTEMPTS) {
      console.error(`install: npm ci failed ${ATTEMPTS} times: see its messages above. Check that the package registry can be reached.`);
      process.exit(1);
    }
    console.error(`install: npm ci failed, attempt ${attempt} of ${ATTEMPTS}; trying again`);
  }
  writeFileSync(stamp, wanted);
}

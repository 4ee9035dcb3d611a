/**
 * Takes the best theta of the training run into the package: weights/tensor-lstm/theta.bin (raw float32, written by
 * recipes/tensor-lstm.ts) becomes weights/tensor-lstm/theta.safetensors and src/theta/default-theta-data.ts.
 *
 *     npx tsx scripts/embed-theta.ts
 *
 * The file says by which recipe: its settings, and a hash of the code of recipes and tasks as it is when
 * the file is written: run it when theta is new.
 */
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readBestTheta} from '../recipes/tensor-lstm-checkpoint.js';
import {RECIPE} from '../recipes/tensor-lstm-config.js';
import {hashText} from '../src/hash-text.js';
import {encodeTheta, makeTheta} from '../src/theta/theta-file.js';

const root = fileURLToPath(new URL('..', import.meta.url)), folder = `${root}weights/tensor-lstm/`;
const code = ['recipes', 'src/tasks'].flatMap(part => {
  const names = readdirSync(join(root, part), {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.ts')).sort();
  return names.map(name => `${part}/${name}\n${readFileSync(join(root, part, name), 'utf8')}`);
});
const theta = makeTheta(readBestTheta());
const bytes = encodeTheta(theta, {recipe: JSON.stringify({...RECIPE, code: hashText(code.join(''), 16)})});
writeFileSync(`${folder}theta.safetensors`, bytes);
writeFileSync(`${root}src/theta/default-theta-data.ts`, `/** weights/tensor-lstm/theta.safetensors, written by scripts/embed-theta.ts. Do not edit. */\nexport const THETA_BASE64 =\n  '${Buffer.from(bytes).toString('base64')}';\n`);
console.error(`theta ${theta.hash}, ${bytes.length} bytes`);

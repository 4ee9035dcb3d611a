import {readFileSync, writeFileSync} from 'node:fs';
const f = './weights/tensor-lstm/checkpoint.bin', b = readFileSync(f), e = b.indexOf(10), h = JSON.parse(b.subarray(0, e).toString());
h.best = 1e9; writeFileSync(f, Buffer.concat([Buffer.from(JSON.stringify(h) + '\n'), b.subarray(e + 1)]));

/** The slopes, whose worker dies once: while it samples a task late in the run. The file that L2O_DEADLY names remembers it. */
import {existsSync, writeFileSync} from 'node:fs';
import {isMainThread} from 'node:worker_threads';
import type {TaskFamily} from '../../../src/tasks/task-family.js';
import {slopes} from './slopes.js';

const marker = process.env.L2O_DEADLY;
let sampled = 0;

export default {
  name: slopes.name,
  sample(random) {
    if (!isMainThread && marker !== undefined && ++sampled > 12 && !existsSync(marker)) {
      writeFileSync(marker, '');
      process.exit(9);
    }
    return slopes.sample(random);
  },
} satisfies TaskFamily as TaskFamily;

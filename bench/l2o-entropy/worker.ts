/** A process of the pool: does one job after another. */
import '@tensorflow/tfjs-backend-cpu';
import {doJob, type Job} from './jobs.js';
import type {PoolSetup} from './pool.js';
import {Records} from './records.js';

const {folder, plan} = JSON.parse(process.argv[2]!) as PoolSetup, records = new Records(folder);
process.on('message', job => {
  // An error ends the process, with a message of its own.
  void doJob(job as Job, records, plan).then(() => process.send!('done'));
});

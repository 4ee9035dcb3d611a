/** Prints what one optimizer costs until its first step is made, in this new process. Arguments: the backend and the optimizer. */
import {useBackend, type BackendName} from '../../test/support/backends.js';
import type {Contender} from '../measures/contenders.js';
import {measureStart} from '../measures/start.js';

const [backend, contender] = process.argv.slice(2) as [BackendName, Contender];
await useBackend(backend);
console.log(JSON.stringify(await measureStart(contender)));
